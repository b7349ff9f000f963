import { contextOptions } from '../platform/bounded-context.js';
import { fail, program, readArguments } from './cli.js';
import { loadModules } from './load-modules.js';
import { readSchemas } from './readiness/ready/schema.js';
import { readReadiness } from './readiness/report.js';
import { overview, pages } from './readiness/text.js';

const HELP = `
npm run readiness [-- MODULE] [--since DATE] [--json]

Should a module leave? Without a module a table of all of them; with one what is known of it: is it ready, is it
justified, what would it cost. Facts with their source, and no score.

  --since DATE   how modules changed since then: YYYY-MM-DD (default: all of the history)
  --json         the same for programs
  --help         prints this

Sizes are those of the database of the environment, else of the embedded one, if there is one.
`;

await program(import.meta.url, HELP, async (args) => {
  const flags = { since: { type: 'string' }, json: { type: 'boolean' } } as const;
  const read = readArguments(args, flags, true);
  const { since, json } = read.flags;
  if (since !== undefined && !isDate(since)) fail(`--since has to be a date, YYYY-MM-DD, not "${since}". See --help.`);
  const types = await loadModules();
  const names = types.map((type) => contextOptions(type)!.name);
  const [name, ...more] = read.words;
  if (more.length > 0) fail('Name one module, or none. See --help.');
  if (name !== undefined && !names.includes(name))
    fail(`There is no module "${name}"; expected one of ${names.join(', ')}. See --help.`);
  const { schemas } = await readSchemas(process.env, types);
  const readiness = await readReadiness({ root: process.cwd(), types, since, schemas, now: Date.now() });
  const { period, modules } = readiness;
  const chosen = modules.filter(({ module }) => name === undefined || module === name);
  if (json) process.stdout.write(`${JSON.stringify({ period, modules: chosen }, null, 2)}\n`);
  else process.stdout.write(name === undefined ? overview(readiness) : pages(chosen[0]!));
});

/** A day that there is. */
function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}
