import { databaseOf } from '../../platform/connection/urls.js';
import type { Flow, Progress } from './flow.js';
import { barrier } from './reach.js';
import type { Side } from './side.js';
import { readState, type State } from './state.js';

/** Where a cut-over is. What was left behind comes first. */
export interface Status extends Partial<Progress> {
  /** Replication slots that are there, and where. */
  slots: string[];
  step: 'none' | 'preparing' | 'prepared' | 'copying' | 'following' | 'switched' | 'returned';
  /** The side that takes writes, or will when it is not frozen any more. */
  inCharge: string | null;
  /** Whether it takes no writes at the moment. */
  frozen: boolean;
  /** Of the initial copy, about. */
  copiedBytes?: number;
  bytes?: number;
  secondsLeft?: number;
  problems: string[];
  report: string | null;
}

export async function statusOf(out: Flow, back: Flow): Promise<Status> {
  const { from: source, to: target } = out;
  const state = await readState(source, target);
  const slots: string[] = [];
  for (const flow of [out, back]) if (await flow.hasSlot()) slots.push(`${flow.name} at ${flow.from.place}`);
  const running = state && (state.current === source.place ? out : back);
  const progress = running && (await running.isSubscribed()) ? await running.progress() : undefined;
  const step = stepOf(state, progress);
  return {
    slots,
    step,
    inCharge: state?.current ?? null,
    frozen: state ? !(await isOpen(state.current === source.place ? source : target)) : false,
    ...progress,
    ...(step === 'copying' && (await copied(state!, source, target))),
    problems: await problems(state, slots, running, progress),
    report: state?.report ?? null,
  };
}

async function problems(
  state: State | undefined,
  slots: readonly string[],
  flow?: Flow,
  progress?: Progress,
): Promise<string[]> {
  const found: string[] = [];
  if (!state && slots.length > 0)
    found.push(
      `Nothing is under way, and these slots keep the log of their servers: ${slots.join(', ')}. abort drops them.`,
    );
  if (!flow || !progress) return found;
  const { from, to } = flow;
  if (progress.failures > 0 && (progress.copying.length > 0 || !progress.connected))
    found.push(
      `${to.place} has failed to take what comes from ${from.place}, ${progress.failures} times so far: its log says why, such as a full disk. ` +
        `It tries again by itself. ${state!.current} is in charge.`,
    );
  const way = progress.connected ? undefined : await barrier(flow);
  if (way) found.push(`${way} ${state!.current} is in charge.`);
  return found;
}

/** By the size of the tables: how far the copy is, and how long the rest takes if it goes on like that. */
async function copied({ begun_at }: State, source: Side, target: Side) {
  const text = `SELECT coalesce(sum(pg_table_size(oid)), 0)::float8 FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'`;
  const [bytes, copiedBytes] = [
    await source.value<number>(text, [source.id(source.module)]),
    await target.value<number>(text, [target.id(target.module)]),
  ];
  const elapsed = await source.value<number>('SELECT extract(epoch FROM now() - $1::timestamptz)::float8', [begun_at]);
  const secondsLeft = Math.ceil((elapsed * Math.max(0, bytes - copiedBytes)) / Math.max(1, copiedBytes));
  return { copiedBytes, bytes, secondsLeft };
}

async function isOpen(side: Side): Promise<boolean> {
  const text = `SELECT NOT EXISTS (SELECT FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole JOIN pg_database d ON d.oid = setdatabase
                  WHERE rolname = $1 AND datname = $2 AND 'default_transaction_read_only=on' = ANY (setconfig))`;
  return await side.value<boolean>(text, [side.role, databaseOf(side.adminUrl)]);
}

function stepOf(state: State | undefined, progress: Progress | undefined): Status['step'] {
  if (!state) return 'none';
  if (state.epoch > 0) return state.current === state.target ? 'switched' : 'returned';
  if (state.method === 'copy') return 'prepared';
  if (!progress) return 'preparing';
  return progress.copying.length > 0 ? 'copying' : 'following';
}
