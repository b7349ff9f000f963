import type { Why } from '../platform/operations/actions.js';
import type { Sagas } from '../platform/operations/sagas.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { span, table } from './lib/table.js';
import { WHY_FLAGS, whyOf } from './lib/why.js';

const HELP = `
npm run sagas -- list | show ID | retry-timeout ID|--all --reason TEXT

Sagas that are not done, and what they wait for. Works on the database of the running system, also while nothing runs.

  list              running sagas: stuck ones first, then those that changed longest ago
  show ID           one of them, done or not: its state, its steps, and what it has heard and sent
  retry-timeout ID  has its timeout that failed tried again now, with all its attempts ahead of it; --all: every one

--reason TEXT says why, and is asked for on a terminal; --by NAME says who (default: the user of the system). Both are kept.
`;

const SHOWN = 200;

const FLAGS = { all: { type: 'boolean', default: false }, ...WHY_FLAGS } as const;

type Work = (sagas: Sagas) => Promise<string>;

/** What the arguments ask for. @throws UsageError before anything is done */
export function sagas(args: readonly string[]): Work {
  const { flags, words } = readArguments(args, FLAGS, true);
  const [word, id, ...extra] = words;
  const task = oneOf('The task', word, ['list', 'show', 'retry-timeout'] as const);
  for (const flag of ['all', 'reason', 'by'] as const)
    if (flags[flag] && task !== 'retry-timeout') fail(`--${flag} belongs to retry-timeout. See --help.`);
  const named = task !== 'list' && !flags.all;
  const orAll = task === 'retry-timeout' ? ', or --all' : '';
  if (named && id === undefined) fail(`${task} needs an ID, as list shows it${orAll}. See --help.`);
  const surplus = named ? extra[0] : id;
  if (surplus !== undefined) fail(`Unexpected argument '${surplus}'. See --help.`);
  if (task === 'list') return list;
  return task === 'show' ? show(id!) : retryTimeout(flags.all ? undefined : id, whyOf(task, flags));
}

const retryTimeout =
  (id: string | undefined, asked: () => Promise<Why>): Work =>
  async (all) => {
    const why = await asked();
    const count = id === undefined ? await all.retryAllTimeouts(why) : await all.retryTimeout(id, why);
    return count === 1 ? '1 timeout is tried again now.\n' : `${count} timeouts are tried again now.\n`;
  };

const list: Work = async (all) => {
  const found = await all.list(SHOWN);
  if (found.length === 0) return 'Every saga is done.\n';
  const rows = found.map(({ saga, id, status, stuck, ageMs, quietMs, waitsFor }) => [
    saga,
    id,
    stuck ? `${status}, STUCK` : status,
    span(ageMs),
    span(quietMs),
    waitsFor.join('; '),
  ]);
  return table(['SAGA', 'ID', 'STATUS', 'AGE', 'UNCHANGED', 'WAITS FOR'], rows);
};

const show =
  (id: string): Work =>
  async (all) =>
    (await all.show(id)).map(inFull).join('\n');

function inFull(saga: Awaited<ReturnType<Sagas['show']>>[number]): string {
  const lines = [
    `${saga.saga}  ${saga.id}`,
    `status     ${saga.status}${saga.stuck ? ', STUCK' : ''}`,
    `began      ${saga.startedAt}, ${span(saga.ageMs)} ago; last changed ${span(saga.quietMs)} ago`,
    ...(saga.endedAt ? [`ended      ${saga.endedAt}`] : []),
    `waits for  ${saga.waitsFor.join('\n           ') || 'nothing'}`,
    `state      ${JSON.stringify(saga.state)}`,
    'steps',
    ...saga.steps.map(({ command, outcome, undo }) => `  ${command}${undo ? ' (undoes)' : ''}: ${outcome}`),
    'timeline',
    ...saga.timeline.flatMap(({ at, heard, sent = [], timeout, error }) => [
      `  ${at}  ${heard}`,
      ...sent.map((command) => `      sent ${command}`),
      ...(timeout ? [`      timeout ${timeout} is set`] : []),
      ...(error ? [`      failed: ${error}`] : []),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

await program(import.meta.url, HELP, async (args) => {
  const work = sagas(args);
  const operations = await import('../platform/operations/sagas.js');
  const { operate } = await import('./operate.js');
  await operate(process.env, async (runtime) => void process.stdout.write(await work(new operations.Sagas(runtime))));
});
