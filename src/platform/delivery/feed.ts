import type { Pool } from 'pg';
import type { OutboxRow, StoredMessage } from './message.js';

/** What a consumer wants of a feed: streams and types, see {@link streams}. Without types: every one of its streams. */
export interface FeedFilter {
  streams: readonly string[];
  types: readonly string[];
}

/** For who carries a feed on. */
export const EVERYTHING: FeedFilter = { streams: [], types: [] };

export interface FeedPage {
  messages: StoredMessage[];
  /** Everything up to here was looked at: the position to continue from. */
  upTo: number;
}

/** Reading the outbox of one producer in order, wherever the producer runs. */
export interface Feed {
  readonly producer: string;
  /** How far the feed went when it was last looked at, and when that was: milliseconds since the epoch. */
  lastLook(): { settled: number; at: number };
  /** Resolves when there is something to read after `position`, or when `signal` aborts. */
  wait(position: number, signal: AbortSignal): Promise<void>;
  /**
   * @param after position of the last message that was read
   * @param limit messages at most
   * @guarantee nothing that will ever be at or below `upTo` is left out
   */
  read(after: number, filter: FeedFilter, limit: number): Promise<FeedPage>;
}

/** Tells how far an outbox can be read, and when that changes. */
export interface Watch {
  readonly settled: number;
  readonly lookedAt: number;
  subscribe(listener: () => void): () => void;
}

/** Resolves when `watch` has got beyond `position`, or when `signal` aborts. */
export async function untilMoved(watch: Watch, position: number, signal: AbortSignal): Promise<void> {
  if (watch.settled > position || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      unsubscribe();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const unsubscribe = watch.subscribe(done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** `ORDER BY seq` alone would sort the converted column, and read the whole backlog for each batch. */
const READ = `
  SELECT seq::float8 AS seq, id, aggregatetype, aggregateid, type, payload, headers,
         extract(epoch FROM created_at)::float8 * 1000 AS said
    FROM outbox
   WHERE seq > $1 AND seq <= $2 AND aggregatetype = ANY ($3) AND (type = ANY ($4) OR $4 = '{}')
   ORDER BY outbox.seq
   LIMIT $5`;
const READ_ALL = READ.replace("AND aggregatetype = ANY ($3) AND (type = ANY ($4) OR $4 = '{}')", '').replace(
  '$5',
  '$3',
);

/** The feed of a producer whose database this process can reach, read through the producer's own pool. */
export class LocalFeed implements Feed {
  constructor(
    readonly producer: string,
    private readonly pool: () => Pool,
    private readonly watch: Watch,
  ) {}

  lastLook(): { settled: number; at: number } {
    return { settled: this.watch.settled, at: this.watch.lookedAt };
  }

  wait(position: number, signal: AbortSignal): Promise<void> {
    return untilMoved(this.watch, position, signal);
  }

  async read(after: number, filter: FeedFilter, limit: number): Promise<FeedPage> {
    const settled = this.watch.settled;
    if (settled <= after) return { messages: [], upTo: after };
    const { rows } = await this.pool().query<StoredRow>(
      filter === EVERYTHING
        ? { name: 'feed-read-all', text: READ_ALL, values: [after, settled, limit] }
        : { name: 'feed-read', text: READ, values: [after, settled, filter.streams, filter.types, limit] },
    );
    const messages = rows.map((row) => this.#message(row));
    const last = messages.at(-1);
    return { messages, upTo: last && messages.length === limit ? last.seq : settled };
  }

  #message(row: StoredRow): StoredMessage {
    const { seq, id, aggregatetype, aggregateid, type, payload, headers, said } = row;
    const created_at = new Date(said).toISOString();
    return { seq, id, aggregatetype, aggregateid, type, payload, headers, created_at, producer: this.producer };
  }
}

type StoredRow = OutboxRow & { seq: number; /** Milliseconds since the epoch. */ said: number };
