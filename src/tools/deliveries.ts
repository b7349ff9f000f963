import { z } from 'zod';
import type { ReplayFrom } from '../platform/delivery/maintenance/replay.js';
import type { Deliveries } from '../platform/operations/deliveries.js';
import type { Runtime } from '../platform/runtime/runtime.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { lagLines, listLines, showLines } from './delivery-lines.js';

const HELP = `
npm run deliveries -- list | show ID | retry ID|--all | discard ID | lag | replay CONSUMER --from T |
                      accept CONSUMER --at POSITION | forget NAME

What is not delivered, why, and how old it is. Works on the database of the running system, also while nothing runs.

  list                        messages that failed or wait, dead letters first
  show ID                     one of them: payload, headers, every error
  retry ID                    has it tried again now, with all its attempts ahead of it; --all: everything
  discard ID [--reason TEXT]  removes it for good: a saga that sent it is told, whoever should have heard it never will;
                              the reason is for the log
  lag                         how many messages each consumer has not read yet, and which consumers do not start
  replay CONSUMER --from T    has a rebuildable consumer hear again what was said since T (2026-01-31,
                              2026-01-31T10:00:00Z), or everything (start), which empties its read model first;
                              also one that does not start because its tables are empty or of a backup
  accept CONSUMER --at POSITION [--producer NAME]
                              has a consumer go on behind this position, and hear nothing of what comes before: one that
                              does not start because its tables are empty or of a backup, at a position that lag shows;
                              a rebuildable one that was filled page by page, at the position of the first page
  forget NAME                 a consumer that no code declares any more, or a module whose process will never run again:
                              nothing is kept for it any longer
`;

const FLAGS = {
  all: { type: 'boolean', default: false },
  reason: { type: 'string' },
  from: { type: 'string' },
  at: { type: 'string' },
  producer: { type: 'string' },
} as const;
type Flags = { all: boolean; reason?: string; from?: string; at?: string; producer?: string };

/** Does what was asked for. @returns what to print */
type Work = (runtime: Runtime, all: Deliveries) => Promise<string>;

interface Task {
  /** What has to be named, and how it is called in messages. */
  needs?: string;
  prepare(name: string, flags: Flags): Work;
}

const ID = 'an ID, as list shows it';
const SHOWN = 200;

const TASKS: Readonly<Record<string, Task>> = {
  list: { prepare: () => async (_, all) => listLines(await all.list(SHOWN)) },
  show: { needs: ID, prepare: (id) => async (_, all) => showLines(await all.show(id)) },
  retry: { needs: `${ID}, or --all`, prepare: (id, flags) => (flags.all ? retryAll : retry(id)) },
  discard: { needs: ID, prepare: (id, { reason }) => discard(id, reason ?? 'none given') },
  lag: { prepare: () => lag },
  replay: { needs: 'a CONSUMER', prepare: (name, { from }) => hearAgain(name, momentOf(from)) },
  accept: { needs: 'a CONSUMER', prepare: (name, { at, producer }) => accept(name, positionOf(at), producer) },
  forget: { needs: 'the NAME of a consumer or module', prepare: (name) => forget(name) },
};

/** What the arguments ask for. @throws UsageError before anything is done */
export function deliveries(args: readonly string[]): Work {
  const { flags, words } = readArguments(args, FLAGS, true);
  const [word, name, ...extra] = words;
  const chosen = oneOf('The task', word, Object.keys(TASKS));
  const task = TASKS[chosen]!;
  for (const [flag, owner] of [
    ['all', 'retry'],
    ['reason', 'discard'],
    ['from', 'replay'],
    ['at', 'accept'],
    ['producer', 'accept'],
  ] as const)
    if (flags[flag] && chosen !== owner) fail(`--${flag} belongs to ${owner}. See --help.`);
  const named = task.needs !== undefined && !flags.all;
  if (named && name === undefined) fail(`${chosen} needs ${task.needs}. See --help.`);
  const surplus = named ? extra[0] : name;
  if (surplus !== undefined) fail(`Unexpected argument '${surplus}'. See --help.`);
  return task.prepare(name ?? '', flags);
}

const retry =
  (id: string): Work =>
  async (_, all) => {
    await all.retry(id);
    return `${id} is tried again now.\n`;
  };

const retryAll: Work = async (_, all) => {
  const count = await all.retryAll();
  return count === 1 ? '1 message is tried again now.\n' : `${count} messages are tried again now.\n`;
};

const discard =
  (id: string, reason: string): Work =>
  async (_, all) => {
    await all.discard(id, reason);
    return `${id} is discarded.\n`;
  };

const lag: Work = async (runtime, all) => {
  const { goneConsumers } = await import('../platform/operations/gone-consumers.js');
  const { silentModules } = await import('../platform/operations/silent-modules.js');
  const notes = {
    gone: await goneConsumers(runtime),
    silent: await silentModules(runtime),
    rewound: await all.rewound(),
  };
  return lagLines(await all.lag(), notes);
};

const hearAgain =
  (consumer: string, from: ReplayFrom): Work =>
  async (runtime) => {
    const { replay } = await import('../platform/delivery/maintenance/replay.js');
    const parts = (await replay(runtime, consumer, from)).map(({ producer, messages }) => `${messages} of ${producer}`);
    return `Replaying to ${consumer}: ${parts.join(', ')}.\n`;
  };

const accept =
  (name: string, at: number, producer: string | undefined): Work =>
  async (runtime) => {
    const { acceptRewound } = await import('../platform/operations/rewound-consumers.js');
    const { producer: of, consumer } = await acceptRewound(runtime, name, at, producer);
    return `${consumer} goes on behind ${at} of ${of}. What is put aside for it is tried again: see list.\n`;
  };

/** The name of a consumer begins with that of its module. */
const forget =
  (name: string): Work =>
  async (runtime) => {
    const { forgetConsumer } = await import('../platform/operations/gone-consumers.js');
    const { forgetModule } = await import('../platform/operations/silent-modules.js');
    await (name.includes('.') ? forgetConsumer : forgetModule)(runtime, name);
    return `${name} is forgotten.\n`;
  };

function positionOf(text: string | undefined): number {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  const was = text === undefined ? '' : `, not "${text}"`;
  return fail(
    `--at has to be the position of the last message that is not to be heard again, as lag shows it; 0 for none${was}.`,
  );
}

/** A time without its zone would be another moment on every machine. */
function momentOf(text: string | undefined): ReplayFrom {
  if (text === 'start') return text;
  const known = z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(text);
  if (!known.success) {
    const was = text === undefined ? '' : `, not "${text}"`;
    const expected = '--from has to be start, a date, or a date and time with its zone such as 2026-01-31T10:00:00Z';
    return fail(`${expected}${was}. See --help.`);
  }
  const moment = new Date(known.data);
  return moment.getTime() > Date.now() ? fail('--from lies in the future.') : moment;
}

await program(import.meta.url, HELP, async (args) => {
  const work = deliveries(args);
  const operations = await import('../platform/operations/deliveries.js');
  const { operate } = await import('./operate.js');
  await operate(process.env, async (runtime) => {
    process.stdout.write(await work(runtime, new operations.Deliveries(runtime)));
  });
});
