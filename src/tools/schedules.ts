import type { Schedules } from '../platform/operations/schedules.js';
import { oneOf, program, readArguments } from './lib/cli.js';
import { span, table } from './lib/table.js';

const HELP = `
npm run schedules -- list

What runs again and again: its plan, when it is due next, when it has run last, and what keeps it. Works on the database of
the running system, also while nothing runs.
`;

/** A schedule is late by less in any case. */
const OVERDUE_S = 60;

/** What there is, as a table. */
function linesOf(schedules: Awaited<ReturnType<Schedules['list']>>): string {
  if (schedules.length === 0) return 'There are no schedules.\n';
  const rows = schedules.map(({ module, name, command, plan, nextRun, lastRun, running, owed, overdueS }) => {
    const notes = [
      ...(command === null ? ['not in this version: does not run'] : []),
      ...(running ? ['runs, or waits in deliveries'] : []),
      ...(owed ? ['a missed run follows'] : []),
      ...(command !== null && overdueS > OVERDUE_S ? [`OVERDUE for ${span(overdueS * 1000)}`] : []),
    ];
    return [`${module}: ${name}`, plan, nextRun, lastRun ?? 'never', command ?? '', notes.join('; ')];
  });
  return table(['SCHEDULE', 'PLAN', 'NEXT RUN', 'LAST RUN', 'COMMAND', ''], rows);
}

await program(import.meta.url, HELP, async (args) => {
  const { words } = readArguments(args, {}, true);
  oneOf('The task', words[0], ['list'] as const);
  const operations = await import('../platform/operations/schedules.js');
  const { operate } = await import('./operate.js');
  await operate(process.env, async (runtime) => {
    process.stdout.write(linesOf(await new operations.Schedules(runtime).list()));
  });
});
