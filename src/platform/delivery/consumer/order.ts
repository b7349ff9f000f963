import type { ClientBase } from 'pg';
import type { Consumer, Order } from './consumer.js';
import { keyOf } from './consumer.js';
import type { StoredMessage } from '../../transaction/message.js';

/** A consumer, as far as the order of its messages goes. */
export type Ordered = Pick<Consumer, 'name' | 'order'>;

/**
 * What is parked comes in this order: messages of an instance of a saga come by rank, then in the order in which
 * they were parked, as they may be of several producers; others by their key, in the order of its producer. One whose
 * instance nobody has told yet holds up all that follows on its key.
 */
const SAME_INSTANCE = `e.ordering_key = p.ordering_key AND (e.ordering_rank, e.id) < (p.ordering_rank, p.id)`;
const SAME_KEY = `e.ordering_key IS NULL AND e.key = p.key AND e.seq < p.seq`;

/** In SQL: whether `e` keeps `p` from having its turn. */
export const PRECEDES = `(e.consumer = p.consumer AND ((${SAME_INSTANCE}) OR (${SAME_KEY})))`;

/** In SQL: whether anything keeps `p` from having its turn; each half has an index of its own. */
export const PRECEDED = `(
  EXISTS (SELECT FROM parked_message e WHERE e.consumer = p.consumer AND ${SAME_INSTANCE})
  OR EXISTS (SELECT FROM parked_message e WHERE e.consumer = p.consumer AND ${SAME_KEY}))`;

/** Which messages have to wait their turn, because others that they follow on are parked. */
export class Held {
  readonly #keys = new Set<string>();
  /** Instances, and whether what is parked of them includes a message that begins them. */
  readonly #orders = new Map<string, boolean>();

  constructor(private readonly consumer: Ordered) {}

  has(message: StoredMessage): boolean {
    if (this.#keys.size + this.#orders.size === 0) return false;
    if (this.#keys.has(keyOf(message))) return true;
    const own = this.consumer.order?.(message);
    const begins = own && this.#orders.get(own.key);
    return own?.begins ? begins === true : begins !== undefined;
  }

  /** Notes that a message is parked. */
  add(message: StoredMessage): void {
    this.note(keyOf(message), this.consumer.order?.(message));
  }

  note(key: string, own: Order | undefined): void {
    if (own) this.#orders.set(own.key, own.begins || this.#orders.get(own.key) === true);
    else this.#keys.add(key);
  }
}

/** What these messages have to wait for: messages of the same instance, or of the same key, that are parked. */
export async function heldOf(client: ClientBase, consumer: Ordered, messages: readonly StoredMessage[]): Promise<Held> {
  const { rows } = await client.query<{ key: string; order: string | null; begins: boolean }>({
    name: 'parked-held',
    text: `SELECT DISTINCT key, NULL AS order, false AS begins FROM parked_message
            WHERE consumer = $1 AND ordering_key IS NULL AND key = ANY ($2)
           UNION ALL
           SELECT '', ordering_key, min(ordering_rank) = 0 FROM parked_message
            WHERE consumer = $1 AND ordering_key = ANY ($3) GROUP BY ordering_key`,
    values: [consumer.name, ...placesOf(consumer, messages)],
  });
  const held = new Held(consumer);
  for (const { key, order, begins } of rows) held.note(key, order === null ? undefined : { key: order, begins });
  return held;
}

/** The keys of messages, and the instances that they are for. */
export function placesOf({ order }: Ordered, messages: readonly StoredMessage[]): [keys: string[], orders: string[]] {
  const orders = messages.map((message) => order?.(message)?.key).filter((key) => key !== undefined);
  return [[...new Set(messages.map(keyOf))], [...new Set(orders)]];
}

/** Gives messages that a version without this order has parked their place in it, where this version can read them. */
export async function adopt(client: Pick<ClientBase, 'query'>, { name, order }: Ordered): Promise<void> {
  const text = `SELECT id::text, message FROM parked_message WHERE consumer = $1 AND ordering_key IS NULL
                 ORDER BY id LIMIT 500`;
  const { rows } = await client.query<{ id: string; message: StoredMessage }>(text, [name]);
  const update = 'UPDATE parked_message SET ordering_key = $2, ordering_rank = $3 WHERE id = $1';
  for (const { id, message } of rows) {
    const own = order?.(message);
    if (own) await client.query(update, [id, own.key, own.begins ? 0 : 1]);
  }
}
