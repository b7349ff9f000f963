import { Conflict, NotFound } from '../messaging/errors.js';
import type { Runtime } from '../runtime/runtime.js';

/** A module of another process that has not reported for a while what messages it holds. */
export interface SilentModule {
  module: string;
  /** Milliseconds since it did, to whoever here has not heard of it for the longest time. */
  silentMs: number;
}

/** Reports come every ten seconds. */
export const SILENT_AFTER_MS = 120_000;

const SILENCE = `
  SELECT module, extract(epoch FROM now() - reported_at)::float8 * 1000 AS "silentMs" FROM message_holder`;

/**
 * Modules that do not report any more: outcomes of commands that their messages may repeat are remembered until they do,
 * or are forgotten. Those that run here report as soon as this process runs.
 */
export async function silentModules(runtime: Runtime): Promise<SilentModule[]> {
  const all = (await heardOf(runtime)).filter(({ module }) => !runtime.running.has(module));
  return all.filter(({ silentMs }) => silentMs > SILENT_AFTER_MS);
}

/** For how long each module has not reported, whatever project it is of, to whoever here has heard of it last: milliseconds. */
export async function silencesOf(runtime: Runtime): Promise<ReadonlyMap<string, number>> {
  const shortest = new Map<string, number>();
  for (const { pool } of runtime.databases)
    for (const { module, silentMs } of (await pool.query<SilentModule>(SILENCE)).rows)
      shortest.set(module, Math.min(silentMs, shortest.get(module) ?? Infinity));
  return shortest;
}

/**
 * Forgets that a module may hold messages: its process will never run again. Should one of its messages be handled again
 * nevertheless, the commands that it has executed here longer ago than outcomes are kept act a second time.
 *
 * @throws NotFound; Conflict while it is one of this process, or reports
 */
export async function forgetModule(runtime: Runtime, module: string): Promise<void> {
  if (runtime.running.has(module))
    throw new Conflict('still_declared', `${module} is a module of this process: what its messages need is kept.`);
  const heard = (await heardOf(runtime)).find((each) => each.module === module);
  if (!heard) throw new NotFound('unknown_module', `Nothing is known here of a module ${module}.`);
  if (heard.silentMs <= SILENT_AFTER_MS)
    throw new Conflict('still_reporting', `${module} runs: it reported within the last two minutes. Stop it first.`);
  for (const { pool } of runtime.databases) await pool.query('DELETE FROM message_holder WHERE module = $1', [module]);
}

async function heardOf(runtime: Runtime): Promise<SilentModule[]> {
  const longest = new Map<string, number>();
  for (const { pool } of runtime.databases)
    for (const { module, silentMs } of (await pool.query<SilentModule>(SILENCE)).rows)
      longest.set(module, Math.max(silentMs, longest.get(module) ?? 0));
  return [...longest].map(([module, silentMs]) => ({ module, silentMs })).sort((a, b) => b.silentMs - a.silentMs);
}
