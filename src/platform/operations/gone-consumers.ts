import { Conflict, NotFound } from '../messaging/errors.js';
import type { Runtime } from '../runtime/runtime.js';
import { isPublisherOf } from '../transport/broker/publisher-progress.js';
import { SILENT_AFTER_MS, silencesOf } from './silent-modules.js';

/** A consumer that no code declares any more. Its progress stands still, so what it has not read is kept for ever. */
export interface GoneConsumer {
  consumer: string;
  producers: string[];
  /** Of a module of another repository: milliseconds since that module reported. It may only be stopped. */
  silentMs?: number;
}

const READERS = 'SELECT DISTINCT consumer FROM outbox_reader';
const PROGRESS = 'SELECT consumer, producer FROM consumer_progress';

/**
 * Consumers that are known here and not declared by the modules that run here, nor by any that runs elsewhere: one of
 * another repository counts as such for as long as its module reports.
 */
export async function goneConsumers(runtime: Runtime): Promise<GoneConsumer[]> {
  const silences = await silencesOf(runtime);
  const found = new Map<string, Set<string>>();
  const note = (consumer: string, producer: string) => {
    if (!isDeclared(runtime, consumer) && !isReporting(runtime, consumer, silences))
      found.set(consumer, (found.get(consumer) ?? new Set()).add(producer));
  };
  for (const { pool, module } of runtime.databases) {
    for (const { consumer } of (await pool.query<{ consumer: string }>(READERS)).rows) note(consumer, module);
    const progress = await pool.query<{ consumer: string; producer: string }>(PROGRESS);
    for (const { consumer, producer } of progress.rows) note(consumer, producer);
  }
  return [...found].map(([consumer, producers]) => {
    const silentMs = foreignSilence(runtime, consumer, silences);
    return { consumer, producers: [...producers].sort(), ...(silentMs !== undefined && { silentMs }) };
  });
}

/**
 * Forgets a consumer that is gone, so that nothing is kept for it any more.
 * @throws NotFound; Conflict when it is declared, its module reports, or messages are still put aside for it
 */
export async function forgetConsumer(runtime: Runtime, consumer: string): Promise<void> {
  if (isDeclared(runtime, consumer))
    throw new Conflict('still_declared', `${consumer} is still declared: remove its handler first.`);
  if (isReporting(runtime, consumer, await silencesOf(runtime)))
    throw new Conflict('still_reporting', `The module of ${consumer} runs: it reported within the last two minutes.`);
  const text = 'SELECT count(*)::int AS count FROM parked_message WHERE consumer = $1';
  for (const { pool } of runtime.databases) {
    const { count } = (await pool.query<{ count: number }>(text, [consumer])).rows[0]!;
    if (count > 0)
      throw new Conflict('put_aside', `${count} messages are put aside for ${consumer}: discard them first.`);
  }
  let forgotten = 0;
  for (const { pool } of runtime.databases)
    for (const table of ['consumer_progress', 'consumer_type', 'shelved_message', 'outbox_reader'])
      forgotten += (await pool.query(`DELETE FROM ${table} WHERE consumer = $1`, [consumer])).rowCount ?? 0;
  for (const { pool } of runtime.databases) await pool.query('DELETE FROM consumer_alias WHERE name = $1', [consumer]);
  if (forgotten === 0) throw new NotFound('unknown_consumer', `Nothing is known here of a consumer ${consumer}.`);
}

/** Of a module that runs elsewhere it is not known what it declares; a broker's publisher is declared by the settings. */
function isDeclared({ consumers, contexts, remotes }: Runtime, consumer: string): boolean {
  if (remotes.has(consumer.split('.')[0]!)) return true;
  // What is still to be taken over is not gone either.
  if (consumers.some(({ name, formerly }) => name === consumer || formerly === consumer)) return true;
  return contexts.some(({ name }) => isPublisherOf(name, consumer));
}

/** A module that this project does not know is one of another repository; what that declares is not known while it reports. */
function isReporting(runtime: Runtime, consumer: string, silences: ReadonlyMap<string, number>): boolean {
  return (foreignSilence(runtime, consumer, silences) ?? Infinity) <= SILENT_AFTER_MS;
}

function foreignSilence({ contexts, remotes }: Runtime, consumer: string, silences: ReadonlyMap<string, number>) {
  const module = consumer.split('.')[0]!;
  return remotes.has(module) || contexts.some(({ name }) => name === module) ? undefined : silences.get(module);
}
