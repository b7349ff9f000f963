import type { Schedules } from '../platform/operations/schedules.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { span, table } from './lib/table.js';
import { WHY_FLAGS, whyOf } from './lib/why.js';

const HELP = `
npm run schedules -- list | run ID | pause ID | resume ID

What runs again and again: its plan, when it is due next, when it has run last, and what keeps it. Works on the database of
the running system, also while nothing runs.

  list       all of them: those that are due next first
  run ID     runs it once, now, unless its last run has not ended; its plan stays as it is
  pause ID   has it not run until it is resumed; a run that is under way goes on
  resume ID  has it run by its plan from now on; what fell due meanwhile is not made up for

run, pause and resume need --reason TEXT, which is asked for on a terminal; --by NAME says who (default: the user of the
system). Both are kept: npm run deliveries -- actions.
`;

/** A schedule is late by less in any case. */
const OVERDUE_S = 60;

const DONE = { run: 'runs now', pause: 'is paused', resume: 'runs by its plan again' } as const;

type Work = (all: Schedules) => Promise<string>;

/** What the arguments ask for. @throws UsageError before anything is done */
export function schedules(args: readonly string[]): Work {
  const { flags, words } = readArguments(args, WHY_FLAGS, true);
  const [word, id, ...extra] = words;
  const task = oneOf('The task', word, ['list', 'run', 'pause', 'resume'] as const);
  const surplus = task === 'list' ? id : extra[0];
  if (surplus !== undefined) fail(`Unexpected argument '${surplus}'. See --help.`);
  if (task === 'list') {
    for (const flag of ['reason', 'by'] as const)
      if (flags[flag] !== undefined) fail(`--${flag} belongs to run, pause, resume. See --help.`);
    return async (all) => linesOf(await all.list());
  }
  if (id === undefined) return fail(`${task} needs an ID, as list shows it. See --help.`);
  const asked = whyOf(task, flags);
  return async (all) => {
    await all[task](id, await asked());
    return `${id} ${DONE[task]}.\n`;
  };
}

/** What there is, as a table. */
function linesOf(all: Awaited<ReturnType<Schedules['list']>>): string {
  if (all.length === 0) return 'There are no schedules.\n';
  const rows = all.map(({ id, command, plan, nextRun, lastRun, running, owed, overdueS }) => {
    const notes = [
      ...(command === null ? ['not in this version: does not run'] : []),
      ...(running ? ['runs, or waits in deliveries'] : []),
      ...(owed ? ['a missed run follows'] : []),
      ...(command !== null && overdueS > OVERDUE_S ? [`OVERDUE for ${span(overdueS * 1000)}`] : []),
    ];
    return [id, plan, nextRun ?? 'PAUSED', lastRun ?? 'never', command ?? '', notes.join('; ')];
  });
  return table(['SCHEDULE', 'PLAN', 'NEXT RUN', 'LAST RUN', 'COMMAND', ''], rows);
}

await program(import.meta.url, HELP, async (args) => {
  const work = schedules(args);
  const operations = await import('../platform/operations/schedules.js');
  const { operate } = await import('./operate.js');
  await operate(process.env, async (runtime) => {
    process.stdout.write(await work(new operations.Schedules(runtime)));
  });
});
