import { writeFile } from 'node:fs/promises';
import { cheapestGrouping } from '../dev/forecast/grouping.js';
import { outside } from '../dev/forecast/forecast.js';
import { SEAM_COST } from '../dev/forecast/price.js';
import { contextOptions } from '../platform/bounded-context.js';
import { fail, program, readArguments } from './lib/cli.js';
import { loadModules } from './lib/load-modules.js';
import { whatIf } from './readiness/cost.js';
import { millis } from './readiness/figures.js';
import { fileHtml } from './readiness/html.js';
import { readSchemas } from './readiness/ready/schema.js';
import type { Readiness } from './readiness/report.js';
import { readReadiness } from './readiness/report.js';
import { readMetrics } from './readiness/signals/metrics.js';
import { readTraces } from './readiness/signals/traces.js';
import { overview, pages } from './readiness/text.js';

const HELP = `
npm run readiness [-- MODULE] [--since DATE] [--metrics URL|FILE] [--traces URL|FILE]
                         [--json] [--html FILE]
npm run readiness -- --traces URL|FILE --outside MODULE,…
npm run readiness -- --traces URL|FILE --processes N [--alone MODULE,…]

Should a module leave? Without a module a table of all of them; with one what is known of it: is it ready, is it
justified, what would it cost. Facts with their source, and no score.

  --since DATE         how modules changed since then: YYYY-MM-DD (default: all of the history)
  --metrics URL|FILE   the address of Prometheus, or one /metrics
  --traces URL|FILE    traces of one process with all modules: the address of Jaeger's query service, or OTLP as JSON, a
                       line for each export
  --outside MODULE,…   what every route and saga would wait longer if each of these had a process of its own
  --processes N        the cheapest grouping into so many processes
  --alone MODULE,…     of which each has to be alone in its process (default: none)
  --json               the same for programs
  --html FILE          writes all of it as one page
  --help               prints this

Sizes are those of the database of the environment, else of the embedded one, if there is one. What a seam costs is
measured by npm run bench -- topology.
`;

const FLAGS = {
  since: { type: 'string' },
  metrics: { type: 'string' },
  traces: { type: 'string' },
  outside: { type: 'string' },
  alone: { type: 'string' },
  processes: { type: 'string' },
  json: { type: 'boolean' },
  html: { type: 'string' },
} as const;

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(args, FLAGS, true);
  const { since, json } = flags;
  if (since !== undefined && !isDate(since)) fail(`--since has to be a date, YYYY-MM-DD, not "${since}". See --help.`);
  const types = await loadModules();
  const names = types.map((type) => contextOptions(type)!.name);
  const [name, ...more] = words;
  if (more.length > 0) fail('Name one module, or none. See --help.');
  for (const each of [...words, ...listOf(flags.outside), ...listOf(flags.alone)])
    if (!names.includes(each)) fail(`There is no module "${each}"; expected one of ${names.join(', ')}. See --help.`);
  const metrics = flags.metrics === undefined ? undefined : await readMetrics(flags.metrics);
  const traces =
    flags.traces === undefined ? undefined : { from: flags.traces, traces: await readTraces(flags.traces) };
  const { schemas } = await readSchemas(process.env, types);
  const options = { root: process.cwd(), types, since, schemas, traces, metrics, now: Date.now() };
  const readiness = await readReadiness(options);
  if (flags.outside !== undefined || flags.processes !== undefined || flags.alone !== undefined)
    return void process.stdout.write(grouped(readiness, names, flags));
  const { period, modules } = readiness;
  const chosen = modules.filter(({ module }) => name === undefined || module === name);
  if (flags.html !== undefined) await writeFile(flags.html, fileHtml(readiness, chosen)).catch(unwritable(flags.html));
  if (flags.html !== undefined) process.stdout.write(`wrote ${flags.html}\n`);
  else if (json) process.stdout.write(`${JSON.stringify({ period, modules: chosen }, null, 2)}\n`);
  else process.stdout.write(name === undefined ? overview(readiness) : pages(chosen[0]!));
});

/** What a grouping costs that is given, or the cheapest one. */
function grouped(
  { readings, cost }: Readiness,
  names: readonly string[],
  flags: { outside?: string; alone?: string; processes?: string },
): string {
  const processes = Number(flags.processes);
  if (flags.outside === undefined && !/^[1-9]\d?$/.test(flags.processes ?? ''))
    return fail(`--processes has to be a number from 1 on, not "${flags.processes ?? ''}". See --help.`);
  if (!readings) return fail('A forecast needs --traces. See --help.');
  if (!cost) return fail(`There is no ${SEAM_COST}: measure what a seam costs, with npm run bench -- topology.`);
  if (flags.outside !== undefined) return whatIf(outside(names, listOf(flags.outside)), readings, cost);
  try {
    const found = cheapestGrouping(names, readings, cost, { alone: listOf(flags.alone), processes });
    const how = found.exact ? 'The cheapest of all groupings' : 'A cheap grouping (there are too many to try them all)';
    return `${how}: all traces together would wait ${millis(found.addedMs)} longer.\n${whatIf(found.groups, readings, cost)}`;
  } catch (error) {
    if (error instanceof RangeError) return fail(error.message);
    throw error;
  }
}

function unwritable(path: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => fail(`--html: ${path} cannot be written (${code}). Expected a file in a folder that there is.`);
}

/** What stands between commas. */
function listOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(',').map((each) => each.trim());
}

/** A day that there is. */
function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}
