import { randomInt } from 'node:crypto';
import { modules } from '../modules.js';
import { contextOptions } from '../platform/bounded-context.js';
import { fail, program, readArguments } from './cli.js';
import type { Stage } from './rehearse/stages.js';
import { apart, stagesOf } from './rehearse/stages.js';

const HELP = `
npm run rehearse -- MODULE [--seed N] [--files PATTERN]
npm run rehearse -- --all [--seed N]

Runs the acceptance suite as if the module had left: (a) in one process, with everything that crosses its boundary
serialised, slow, lost and repeated; (b) with the module in a process of its own; (c) with that process killed and
restarted meanwhile. Reports what failed, and the seed that repeats it. Exits with 1 if anything did.

  --all             every module, and every module in its own process at once
  --seed N          decides the delays, the failures and the kills (default: another one each time)
  --files PATTERN   only these files of the suite, as a regular expression (default: all of test/acceptance)
  --help            prints this
`;

const FLAGS = { all: { type: 'boolean' }, seed: { type: 'string' }, files: { type: 'string' } } as const;
const names = modules.map((module) => contextOptions(module)!.name);

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(args, FLAGS, true);
  const seed = seedOf(flags.seed);
  const chosen = chosenModules(words, flags.all === true);
  const stages = chosen.flatMap((name) => stagesOf(name, names, seed, flags.files));
  if (flags.all) stages.push(apart(names, flags.files));
  let failed = 0;
  for (const stage of stages) failed += await rehearse(stage);
  const again = `npm run rehearse -- ${flags.all ? '--all' : chosen[0]} --seed ${seed}`;
  process.stdout.write(`rehearse: ${stages.length - failed} passed, ${failed} failed; to repeat: ${again}\n`);
  if (failed > 0) process.exitCode = 1;
});

function seedOf(given: string | undefined): number {
  if (given === undefined) return randomInt(1, 1_000_000);
  if (!/^\d{1,9}$/.test(given)) fail(`--seed has to be a whole number, not "${given}". See --help.`);
  return Number(given);
}

function chosenModules(words: readonly string[], all: boolean): readonly string[] {
  const [name, ...more] = words;
  if (all) return words.length === 0 ? names : fail('Either a module or --all, not both. See --help.');
  if (name === undefined || more.length > 0) fail(`Name one module, or --all: ${names.join(', ')}. See --help.`);
  if (!names.includes(name)) fail(`There is no module "${name}"; expected one of ${names.join(', ')}. See --help.`);
  return [name];
}

/** @returns 1 if it failed */
async function rehearse({ title, run }: Stage): Promise<0 | 1> {
  const started = Date.now();
  const { passed, failures } = await run();
  const seconds = Math.round((Date.now() - started) / 1000);
  const mark = failures.length === 0 ? '✓' : '✗';
  process.stdout.write(`${mark} ${title}: ${passed} passed, ${failures.length} failed (${seconds} s)\n`);
  for (const { name, why } of failures) process.stdout.write(`    ${name}\n      ${why}\n`);
  return failures.length === 0 ? 0 : 1;
}
