import type { Pool } from 'pg';
import type { Broker } from './broker.js';
import { streamOf, subjectsOf } from './broker.js';
import { BrokerUnusable } from './broker-unusable.js';
import type { Envelopes } from './envelope.js';
import { messageIn } from './envelope.js';

/** The last message of a stream. */
interface StreamEnd {
  /** Its number in the outbox; `undefined` when the stream is empty. */
  seq: number | undefined;
  /** Its number in the stream; of an empty stream, the last one ever. */
  stream: number;
  /** The id of the message. */
  id: string | undefined;
}

/** What is not signed by us does not count, but has a place in the stream. */
export async function endOf({ manager }: Broker, module: string, envelopes: Envelopes): Promise<StreamEnd> {
  const name = streamOf(module);
  let last = await manager.streams.getMessage(name, { last_by_subj: subjectsOf(module) });
  const stream = last?.seq ?? (await manager.streams.info(name)).state.last_seq;
  while (last) {
    const envelope = envelopes.open({ subject: last.subject, headers: last.header, data: last.data });
    if (envelope) return { seq: envelope.seq, stream, id: messageIn(envelope).id };
    last = last.seq > 1 ? await manager.streams.getMessage(name, { seq: last.seq - 1 }) : null;
  }
  return { seq: undefined, stream, id: undefined };
}

/**
 * A stream that belongs to another database, or to a later state of this one, would swallow what is published now as if
 * it were known already.
 *
 * @throws BrokerUnusable when the last message of the stream cannot be of this outbox
 */
export async function assertSameOutbox(pool: Pool, module: string, end: StreamEnd): Promise<void> {
  if (end.seq === undefined) return;
  const text = `SELECT (SELECT id::text FROM outbox WHERE seq = $1) AS id, (SELECT last_value::float8 FROM outbox_seq) AS head`;
  const { rows } = await pool.query<{ id: string | null; head: number }>(text, [end.seq]);
  const { id, head } = rows[0]!;
  if (id === null ? end.seq <= head : id === end.id) return;
  throw new BrokerUnusable(
    `The stream ${streamOf(module)} holds messages of another database. Give each installation a NATS account of its own, or remove it: nats stream rm ${streamOf(module)}`,
  );
}
