import type { Pool } from 'pg';
import type { StoredMessage } from '../../transaction/message.js';
import type { RecentRow, RecentRows } from './recent-rows.js';
import { messageOf } from './recent-rows.js';

/** What a consumer wants of a feed: streams and types, see {@link streams}. Without types: every one of its streams. */
export interface FeedFilter {
  streams: readonly string[];
  types: readonly string[];
}

/** No filter: for transports that forward the whole outbox. */
export const EVERYTHING: FeedFilter = { streams: [], types: [] };

export interface FeedPage {
  messages: StoredMessage[];
  /** Everything up to here was looked at: the position to continue from. */
  upTo: number;
}

/** Bytes of the payloads of a page, but for the last message: what one connection carries in little time. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** Reading the outbox of one producer in order, wherever the producer runs. */
export interface Feed {
  readonly producer: string;
  /** Whether it can be read while its producer does not answer. */
  readonly standsAlone?: boolean;
  /** How far the feed went when it was last looked at, and when that was: milliseconds since the epoch. */
  lastLook(): { settled: number; at: number };
  /** Resolves when there is something to read after `position`, or when `signal` aborts. */
  wait(position: number, signal: AbortSignal): Promise<void>;
  /**
   * @param after position of the last message that was read
   * @param limit messages at most
   * @param bytes of payload at most, {@link MAX_PAGE_BYTES} by default; there is one message in any case
   * @guarantee nothing that will ever be at or below `upTo` is left out
   */
  read(after: number, filter: FeedFilter, limit: number, bytes?: number): Promise<FeedPage>;
}

/** Tells how far an outbox can be read, and when that changes. */
export interface Watch {
  readonly settled: number;
  readonly lookedAt: number;
  subscribe(listener: () => void): () => void;
}

/** Which also has the newest rows. */
interface OutboxView extends Watch {
  readonly recent: Pick<RecentRows, 'after'>;
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

/**
 * The rows of a page and, from all of them, those within the number of bytes. The size of a small payload is not computed:
 * below 512 bytes in its row it is at most some ten thousand when it was compressed. `ORDER BY seq` alone would sort the
 * converted column, and read the whole backlog for each batch.
 */
const READ = `
  SELECT seq::float8 AS seq, id, aggregatetype, aggregateid, type, payload::text AS payload, headers::text AS headers,
         extract(epoch FROM created_at)::float8 * 1000 AS said, more
    FROM (SELECT *, sum(bytes) OVER (ORDER BY seq) - bytes AS before, lead(seq) OVER (ORDER BY seq) IS NOT NULL AS more
            FROM (SELECT *, CASE WHEN pg_column_size(payload) < 512 THEN 512 ELSE octet_length(payload::text) END AS bytes
                    FROM outbox
                   WHERE seq > $1 AND seq <= $2 AND aggregatetype = ANY ($5) AND (type = ANY ($6) OR $6 = '{}')
                   ORDER BY outbox.seq
                   LIMIT $3) page) sized
   WHERE before < $4
   ORDER BY sized.seq`;
export const READ_ALL = READ.replace("AND aggregatetype = ANY ($5) AND (type = ANY ($6) OR $6 = '{}')", '');

/** The feed of a producer whose database this process can reach: its newest rows, or read through the producer's own pool. */
export class LocalFeed implements Feed {
  /** How many messages to look at: few, where they are large. */
  #look = Infinity;

  constructor(
    readonly producer: string,
    private readonly pool: () => Pool,
    private readonly watch: OutboxView,
  ) {}

  lastLook(): { settled: number; at: number } {
    return { settled: this.watch.settled, at: this.watch.lookedAt };
  }

  wait(position: number, signal: AbortSignal): Promise<void> {
    return untilMoved(this.watch, position, signal);
  }

  async read(after: number, filter: FeedFilter, limit: number, bytes = MAX_PAGE_BYTES): Promise<FeedPage> {
    const recent = bytes >= MAX_PAGE_BYTES ? this.watch.recent.after(after) : undefined;
    if (!recent) return await this.#query(after, filter, limit, bytes);
    const wanted = recent.rows.filter((row) => isWanted(filter, row));
    const page = wanted.slice(0, limit);
    return this.#page(page, page.length < wanted.length ? page.at(-1)!.seq : recent.upTo);
  }

  async #query(after: number, filter: FeedFilter, limit: number, bytes: number): Promise<FeedPage> {
    const settled = this.watch.settled;
    if (settled <= after) return { messages: [], upTo: after };
    const look = Math.min(limit, this.#look);
    const values = [after, settled, look, bytes];
    const { rows } = await this.pool().query<PageRow>(
      filter === EVERYTHING
        ? { name: 'feed-read-all', text: READ_ALL, values }
        : { name: 'feed-read', text: READ, values: [...values, filter.streams, filter.types] },
    );
    const last = rows.at(-1);
    this.#look = last?.more ? rows.length * 2 : look * 2;
    return this.#page(rows, last && (last.more || rows.length === look) ? last.seq : settled);
  }

  #page(rows: readonly RecentRow[], upTo: number): FeedPage {
    return { messages: rows.map((row) => messageOf(row, this.producer)), upTo };
  }
}

function isWanted(filter: FeedFilter, { aggregatetype, type }: RecentRow): boolean {
  if (filter === EVERYTHING) return true;
  return filter.streams.includes(aggregatetype) && (filter.types.length === 0 || filter.types.includes(type));
}

/** A row of a page. */
export interface PageRow extends RecentRow {
  /** Whether the page would have had more, but for its bytes. */
  more: boolean;
}
