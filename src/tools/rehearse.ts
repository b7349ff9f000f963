import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { modules } from '../modules.js';
import { contextOptions, livesHere } from '../platform/bounded-context.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import type { Verdict } from './rehearse/acceptance.js';
import { recordRehearsals } from './rehearse/record.js';
import type { Stage, StageOptions } from './rehearse/stages.js';
import type { Events } from './rehearse/brokers.js';
import { EVENTS } from './rehearse/brokers.js';
import { killed, moved, outside, rehearsed, together } from './rehearse/stages.js';

const HELP = `
npm run rehearse -- MODULE [--events feed|nats|kafka] [--seed N] [--files PATTERN]
npm run rehearse -- --all [--events feed|nats|kafka] [--seed N]
npm run rehearse -- MODULE --cutover [--events feed|nats|kafka] [--seed N]

Runs the acceptance suite as if the module had left: (a) in one process, with everything that crosses its boundary
serialised, slow, lost and repeated; (b) with the module in a process of its own; (c) with that process killed and
restarted meanwhile. Reports what failed, and the seed that repeats it. Exits with 1 if anything did. The last result of
each module is kept in docs/rehearsals.json, for npm run readiness: commit it.

  --cutover         instead: its data moves to a second server and back meanwhile, again and again (npm run cutover), while
                    in each step the tool, its process or one of the servers is killed
  --all             every module, everything in one process, and every module in its own process at once
  --events HOW      how events reach other processes (default: feed); nats and kafka start a broker, and kill it in (c)
  --seed N          decides the delays, the failures and the kills (default: another one each time)
  --files PATTERN   only these files of the suite, as a regular expression (default: all of test/acceptance)
  --help            prints this
`;

const FLAGS = {
  cutover: { type: 'boolean' },
  all: { type: 'boolean' },
  events: { type: 'string' },
  seed: { type: 'string' },
  files: { type: 'string' },
} as const;
const names = modules.filter(livesHere).map((module) => contextOptions(module)!.name);

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(args, FLAGS, true);
  const [seed, events] = [seedOf(flags.seed), oneOf('--events', flags.events ?? 'feed', EVENTS)];
  if (!existsSync('test/acceptance'))
    fail('There is no test/acceptance: rehearse runs the specs that you write there.');
  const chosen = chosenModules(words, flags.all === true);
  const options = { all: names, events, files: flags.files };
  const stages = flags.cutover ? chosen.map((name) => moved(name, seed, options)) : stagesOf(chosen, seed, options);
  if (flags.all && !flags.cutover) stages.unshift(together(options));
  if (flags.all && !flags.cutover) stages.push(outside('all', options));
  const verdicts = await rehearseAll(stages);
  const failed = [...verdicts.values()].filter(({ failures }) => failures.length > 0).length;
  if (!flags.cutover)
    record(chosen, verdicts, { events, seed, ...(flags.files !== undefined && { files: flags.files }) });
  const again = `npm run rehearse -- ${flags.all ? '--all' : chosen[0]}${flags.cutover ? ' --cutover' : ''} --events ${events} --seed ${seed}`;
  process.stdout.write(`rehearse: ${stages.length - failed} passed, ${failed} failed; to repeat: ${again}\n`);
  if (failed > 0) process.exitCode = 1;
});

function stagesOf(chosen: readonly string[], seed: number, options: StageOptions): Stage[] {
  return chosen.flatMap((name) => [
    rehearsed(name, seed, options),
    outside(name, options),
    killed(name, seed, options),
  ]);
}

/** What each stage of a module found, beside what was found before of others. */
function record(
  chosen: readonly string[],
  verdicts: ReadonlyMap<Stage, Verdict>,
  how: { events: Events; seed: number; files?: string },
): void {
  const results = chosen.map((name) => {
    const stages = [...verdicts].flatMap(([{ title, module }, { passed, failures }]) =>
      module === name ? [{ title, passed, failures: failures.map((failure) => failure.name) }] : [],
    );
    return [name, { ...how, stages }] as const;
  });
  recordRehearsals(process.cwd(), new Map(results));
}

/** When it is interrupted, the process ends as soon as nothing is left behind. */
async function rehearseAll(stages: readonly Stage[]): Promise<Map<Stage, Verdict>> {
  const interrupted = new AbortController();
  setMaxListeners(0, interrupted.signal);
  const interrupt = () => interrupted.abort();
  // As often as it comes: `timeout` and shells tell the group and its leader.
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const verdicts = new Map<Stage, Verdict>();
  for (const stage of stages) {
    const verdict = await rehearse(stage, interrupted.signal).catch((error: unknown) => {
      if (!interrupted.signal.aborted) throw error;
      return undefined;
    });
    if (interrupted.signal.aborted || !verdict) process.exit(130);
    verdicts.set(stage, verdict);
  }
  return verdicts;
}

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

async function rehearse({ title, run }: Stage, interrupted: AbortSignal): Promise<Verdict | undefined> {
  const started = Date.now();
  const verdict = await run(interrupted);
  if (interrupted.aborted) return undefined;
  const { passed, failures } = verdict;
  const seconds = Math.round((Date.now() - started) / 1000);
  const mark = failures.length === 0 ? '✓' : '✗';
  process.stdout.write(`${mark} ${title}: ${passed} passed, ${failures.length} failed (${seconds} s)\n`);
  for (const { name, why } of failures) process.stdout.write(`    ${name}\n      ${why}\n`);
  return verdict;
}
