import { z } from 'zod';
import type { ReplayFrom } from '../platform/delivery/maintenance/replay.js';
import type { Why } from '../platform/operations/actions.js';
import type { Deliveries } from '../platform/operations/deliveries.js';
import type { Runtime } from '../platform/runtime/runtime.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { WHY_FLAGS, whyOf } from './lib/why.js';
import { actionLines, causeLines, lagLines, listLines, showLines } from './delivery-lines.js';

const HELP = `
npm run deliveries -- list | causes | show ID | retry ID|FILTER|--all | discard ID|FILTER | actions | lag |
                      replay CONSUMER --from T | accept CONSUMER --at POSITION | forget NAME

What is not delivered, why, and how old it is. Works on the database of the running system, also while nothing runs.

  list                        messages that failed or wait, dead letters first
  causes                      dead letters by what went wrong: how many, how old, and where in the project's own code
  show ID                     one of them: payload, headers, every error
  retry ID                    has it tried again now, with all its attempts ahead of it; FILTER: what failed alike or is of
                              one consumer or type; --all: everything
  discard ID                  removes it for good: a saga that sent it is told, whoever should have heard it never will;
                              FILTER: dead letters only
  actions                     what was done by people, and why, the latest first
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

FILTER is one or more of --cause ID (as causes shows it), --consumer NAME and --type NAME.
What changes something needs --reason TEXT, which is asked for on a terminal; --by NAME says who (default: the user of the
system). Both are kept. Name no customer in a reason.
`;

const FLAGS = {
  all: { type: 'boolean', default: false },
  cause: { type: 'string' },
  consumer: { type: 'string' },
  type: { type: 'string' },
  from: { type: 'string' },
  at: { type: 'string' },
  producer: { type: 'string' },
  ...WHY_FLAGS,
} as const;
type Flags = ReturnType<typeof readArguments<typeof FLAGS>>['flags'];

/** Does what was asked for. @returns what to print */
type Work = (runtime: Runtime, all: Deliveries) => Promise<string>;
type Asked = () => Promise<Why>;

interface Task {
  /** What has to be named, and how it is called in messages. */
  needs?: string;
  /** The flags that it knows. */
  flags?: readonly (keyof Flags)[];
  prepare(name: string, flags: Flags): Work;
}

const ID = 'an ID, as list shows it';
const SHOWN = 200;
const SELECTING = ['cause', 'consumer', 'type'] as const;
const WHY = ['reason', 'by'] as const;

const TASKS: Readonly<Record<string, Task>> = {
  list: { prepare: () => async (_, all) => listLines(await all.list(SHOWN)) },
  causes: { prepare: () => async (_, all) => causeLines(await all.causes()) },
  show: { needs: ID, prepare: (id) => async (_, all) => showLines(await all.show(id)) },
  retry: {
    needs: `${ID}, a filter, or --all`,
    flags: ['all', ...SELECTING, ...WHY],
    prepare: (id, flags) => retry(id, flags, whyOf('retry', flags)),
  },
  discard: {
    needs: `${ID}, or a filter`,
    flags: [...SELECTING, ...WHY],
    prepare: (id, flags) => discard(id, flags, whyOf('discard', flags)),
  },
  actions: { prepare: () => actions },
  lag: { prepare: () => lag },
  replay: {
    needs: 'a CONSUMER',
    flags: ['from', ...WHY],
    prepare: (name, flags) => hearAgain(name, momentOf(flags.from), whyOf('replay', flags)),
  },
  accept: {
    needs: 'a CONSUMER',
    flags: ['at', 'producer', ...WHY],
    prepare: (name, flags) => accept(name, positionOf(flags.at), flags.producer, whyOf('accept', flags)),
  },
  forget: {
    needs: 'the NAME of a consumer or module',
    flags: WHY,
    prepare: (name, flags) => forget(name, whyOf('forget', flags)),
  },
};

/** What the arguments ask for. @throws UsageError before anything is done */
export function deliveries(args: readonly string[]): Work {
  const { flags, words } = readArguments(args, FLAGS, true);
  const [word, name, ...extra] = words;
  const chosen = oneOf('The task', word, Object.keys(TASKS));
  const task = TASKS[chosen]!;
  for (const flag of Object.keys(FLAGS) as (keyof Flags)[])
    if (flags[flag] && !task.flags?.includes(flag)) fail(`--${flag} belongs to ${ownersOf(flag)}. See --help.`);
  const selects = flags.all || SELECTING.some((flag) => flags[flag] !== undefined);
  const named = task.needs !== undefined && !selects;
  if (named && name === undefined) fail(`${chosen} needs ${task.needs}. See --help.`);
  if (flags.all && SELECTING.some((flag) => flags[flag] !== undefined))
    fail('--all is everything: leave the filter out. See --help.');
  const surplus = named ? extra[0] : name;
  if (surplus !== undefined) fail(`Unexpected argument '${surplus}'. See --help.`);
  return task.prepare(name ?? '', flags);
}

function ownersOf(flag: keyof Flags): string {
  const owners = Object.entries(TASKS).filter(([, task]) => task.flags?.includes(flag));
  return owners.map(([name]) => name).join(', ');
}

const retry =
  (id: string, { cause, consumer, type }: Flags, asked: Asked): Work =>
  async (_, all) => {
    const why = await asked();
    if (id === '') return countLine(await all.retryAll({ cause, consumer, type }, why), 'tried again now');
    await all.retry(id, why);
    return `${id} is tried again now.\n`;
  };

const discard =
  (id: string, { cause, consumer, type }: Flags, asked: Asked): Work =>
  async (_, all) => {
    const why = await asked();
    if (id === '') return countLine(await all.discardAll({ cause, consumer, type }, why), 'discarded');
    await all.discard(id, why);
    return `${id} is discarded.\n`;
  };

const countLine = (count: number, what: string) =>
  count === 1 ? `1 message is ${what}.\n` : `${count} messages are ${what}.\n`;

const actions: Work = async (runtime) => {
  const { listActions } = await import('../platform/operations/actions.js');
  return actionLines(await listActions(runtime, SHOWN));
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
  (consumer: string, from: ReplayFrom, asked: Asked): Work =>
  async (runtime) => {
    await noted(runtime, asked, 'replay', consumer, `${consumer} from ${from === 'start' ? from : from.toISOString()}`);
    const { replay } = await import('../platform/delivery/maintenance/replay.js');
    const parts = (await replay(runtime, consumer, from)).map(({ producer, messages }) => `${messages} of ${producer}`);
    return `Replaying to ${consumer}: ${parts.join(', ')}.\n`;
  };

const accept =
  (name: string, at: number, producer: string | undefined, asked: Asked): Work =>
  async (runtime) => {
    await noted(runtime, asked, 'accept', name, `${name} behind ${at}`);
    const { acceptRewound } = await import('../platform/operations/rewound-consumers.js');
    const { producer: of, consumer } = await acceptRewound(runtime, name, at, producer);
    return `${consumer} goes on behind ${at} of ${of}. What is put aside for it is tried again: see list.\n`;
  };

/** What is done in several transactions is kept before it, also where it is refused then. */
async function noted(runtime: Runtime, asked: Asked, action: string, name: string, what: string): Promise<void> {
  const { noteAhead } = await import('../platform/operations/actions.js');
  await noteAhead(runtime, name.split('.', 1)[0]!, await asked(), action, what);
}

/** The name of a consumer begins with that of its module. */
const forget =
  (name: string, asked: Asked): Work =>
  async (runtime) => {
    await noted(runtime, asked, 'forget', name, name);
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
