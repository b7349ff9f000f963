import { hostname, userInfo } from 'node:os';
import type { ErasureReport } from '../platform/operations/erasures.js';
import { fail, program, readArguments } from './lib/cli.js';
import { table } from './lib/table.js';

const HELP = `
npm run erase -- SUBJECT --reason TEXT [--by NAME] [--dry-run]

Replaces what contracts and sagas mark as personal in whatever is stored of a person: outboxes, retry tables, sagas, outcomes
of commands, traces of development; and has each module erase what is in its own tables. Module by module, with the module's
own role, on the database of the running system, also while it runs.

  SUBJECT        the person's id, as the "subject" fields of the messages name it
  --reason TEXT  why, without naming the person: the log keeps it
  --by NAME      who wants it; absent: the user of this machine
  --dry-run      says what would be erased, and changes nothing

Of the modules in MODULES, else of all. Killed in the middle, or while the system goes on: run it again, until it finds
nothing. What it cannot reach is in docs/guides/erasure.md.

Exit codes: 0 done, 1 something was left as it was, 2 called wrongly.
`;

export interface Request {
  subject: string;
  reason: string;
  by: string;
  dryRun: boolean;
}

/** What the arguments ask for. @throws UsageError before anything is done */
export function requested(args: readonly string[]): Request {
  const { flags, words } = readArguments(
    args,
    { reason: { type: 'string' }, by: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
    true,
  );
  const [subject, extra] = words;
  if (subject === undefined) fail('erase needs a SUBJECT: the id of the person. See --help.');
  if (extra !== undefined) fail('One SUBJECT at a time: put one with spaces in quotes. See --help.');
  const { reason, by = localUser() } = flags;
  if (reason === undefined) fail('erase needs --reason TEXT: why, without naming the person. See --help.');
  return { subject, reason, by, dryRun: flags['dry-run'] };
}

/** A user of a container may have no name. */
function localUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}

/** Names of tables and numbers. */
export function textOf({ modules, elsewhere }: ErasureReport, dryRun: boolean): string {
  const rows = modules.flatMap(({ module, counts }) =>
    Object.entries(counts).map(([name, count]) => [module, name, String(count)]),
  );
  const found = rows.length > 0 ? table(['MODULE', 'TABLE', dryRun ? 'WOULD CHANGE' : 'CHANGED'], rows) : NOTHING;
  const busy = modules.filter((each) => each.busy > 0).map(({ module, busy: count }) => busyText(module, count));
  const failed = modules.flatMap(({ module, failure }) => (failure ? [`${module} failed: ${failure}. ${AGAIN}`] : []));
  const away = elsewhere.map((module) => `${module} runs elsewhere: run this there as well, with its MODULES.`);
  return [found.trimEnd(), ...busy, ...failed, ...away, ''].join('\n');
}

const NOTHING = 'Nothing was found. If that is a surprise, compare SUBJECT with an id in a message.';
const AGAIN = 'Run this again: what is done is not done twice.';
const busyText = (module: string, count: number) =>
  `${module}: ${count} rows were being handled all the time, and are as they were. ${AGAIN}`;

/** Whether anything is as it was that should not be. */
export const isIncomplete = ({ modules }: ErasureReport) => modules.some(({ busy, failure }) => busy > 0 || failure);

await program(import.meta.url, HELP, async (args) => {
  const { subject, ...options } = requested(args);
  const { erase } = await import('../platform/operations/erasures.js');
  const { operate } = await import('./operate.js');
  await operate(process.env, async (runtime) => {
    const report = await erase(runtime, subject, options);
    process.stdout.write(textOf(report, options.dryRun));
    if (isIncomplete(report)) process.exitCode = 1;
  });
});
