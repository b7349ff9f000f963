import type { ClientBase, Notification } from 'pg';
import { BoundedClient, ServerReadOnly, sessionConfig } from '../../connection/connection.js';
import { sendTogether } from '../../connection/statements.js';
import type { PageRow } from './feed.js';
import { READ_ALL } from './feed.js';
import { RecentRows } from './recent-rows.js';
import { Watermark } from './watermark.js';
import { sessionName } from '../../connection/urls.js';

const POLL_INTERVAL_MS = 1000;
/** Every look is a heartbeat: a connection on which one takes much longer is lost, even where nobody says so. */
const ANSWER_TIMEOUT_MS = 5_000;
/** How soon to look again while a writer holds the watermark back; doubles up to the second figure. */
const RECHECK_MS = [2, 50] as const;
/** From one look to the next, at least: the first figure, and once more for each who was writing, up to the second. */
const PACE_MS = [2, 10] as const;
/** Minimum interval between two NOTIFYs. */
const NOTIFY_INTERVAL_MS = 3;

/** Rows, and bytes of their payloads, that a look takes along at most. */
const ROWS = 200;
const ROW_BYTES = 256 * 1024;

/**
 * The head of the rows, not of the sequence, which falls back when the server crashes before a number that was taken in
 * vain is on disk. And who was writing: the locks are no part of the statement's snapshot but are looked at after it was
 * taken, as the watermark needs it.
 */
const LOOK = `coalesce(max(seq), 0)::float8 AS head, current_setting('transaction_read_only') = 'on' AS "readOnly",
  ARRAY(SELECT virtualtransaction FROM pg_locks
         WHERE relation = 'outbox'::regclass AND mode = 'RowExclusiveLock' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS writers
  FROM outbox`;

interface Look {
  head: number;
  readOnly: boolean;
  writers: string[];
}

const rowsAfter = (after: number) => ({
  name: 'watch-rows',
  text: READ_ALL,
  values: [after, Number.MAX_SAFE_INTEGER, ROWS, ROW_BYTES],
});

type Listener = () => void;

/**
 * What a person, or a tool, has changed: messages in the work table, the progress of consumers, or what was stored of
 * somebody. A version that does not know a signal leaves it alone.
 */
export type Signal = 'parked' | 'progress' | 'erased';

/** Tells every process that runs `module`: without a signal, that there may be something to read in its outbox. */
export async function notify(
  client: Pick<ClientBase, 'query'>,
  module: string,
  signal: Signal | '' = '',
): Promise<void> {
  await client.query('SELECT pg_notify($1, $2)', [channelOf(module), signal]);
}

const channelOf = (module: string) => `outbox_${module}`;

/**
 * Watches the outbox of one module for everybody in this process who reads it: one connection, at most one look a
 * second while nothing happens. It is woken by commits of this process at once, by those of others through `NOTIFY`,
 * and by its own poll when both fail. Where nobody waits for it, as while a batch is handled, it does not look: then
 * the next who waits makes it.
 */
export class OutboxWatch {
  readonly #watermark = new Watermark();
  /** The newest rows, for all who read this outbox in this process. */
  readonly recent = new RecentRows();
  readonly #listeners = new Set<Listener>();
  #onSignal: (signal: Signal) => void = () => undefined;
  #onMoved: () => void = () => undefined;
  /** The server it was connected to last. */
  #place: string | undefined;
  readonly #channel: string;
  #client: BoundedClient | undefined;
  /** The newest one, which may still be connecting. */
  #opened: BoundedClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #notify: NodeJS.Timeout | undefined;
  #sampling: Promise<void> | undefined;
  #lookedAt = 0;
  #sampledAt = 0;
  #notifiedAt = 0;
  #paceMs: number = PACE_MS[0];
  /** Something may have been said since the last look. */
  #dirty = false;
  #recheckMs: number = RECHECK_MS[0];
  #stopped = false;

  /**
   * @param module whose outbox
   * @param url connection URL of that module's role
   * @param onError told of lost connections; it reconnects by itself
   * @param answerMs milliseconds that a look may take
   */
  constructor(
    readonly module: string,
    private readonly url: string,
    private readonly onError: (error: Error) => void,
    private readonly answerMs = ANSWER_TIMEOUT_MS,
  ) {
    this.#channel = channelOf(module);
  }

  /** Every row up to here that will ever exist can be read. */
  get settled(): number {
    return this.#watermark.settled;
  }

  /** When the last look succeeded: milliseconds since the epoch. */
  get lookedAt(): number {
    return this.#lookedAt;
  }

  /** Connects and takes a first look. @throws the connection error */
  async start(): Promise<void> {
    await this.#connect();
    await this.#look();
  }

  /** Calls `listener` whenever the watermark has moved. @returns a function that ends it */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#dirty) this.#lookSoon();
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` with every signal to the processes that run this module. */
  onSignal(listener: (signal: Signal) => void): void {
    this.#onSignal = listener;
  }

  /** Calls `listener` when another server has taken over. */
  onMoved(listener: () => void): void {
    this.#onMoved = listener;
  }

  /** To be called after a commit of this process: looks at once if anybody waits, and tells other processes at once or soon. */
  committed(): void {
    const pause = Math.max(0, this.#notifiedAt + NOTIFY_INTERVAL_MS - performance.now());
    this.#notify ??= setTimeout(() => this.#notifyPeers(), pause);
    // A look takes the word to others along.
    this.#markDirty();
    if (this.#notify && pause === 0) this.#notifyPeers();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#notify);
    const client = this.#client;
    this.#client = undefined;
    if (client) await client.end();
    else this.#opened?.cut(new Error('This process ends.'));
    await this.#sampling;
  }

  #markDirty(): void {
    this.#dirty = true;
    if (this.#listeners.size > 0) this.#lookSoon();
  }

  /**
   * At once, or soon where the last look was only just now: the more there is to read, the fewer batches it is read in,
   * and a look at the locks is in the way of all who take any.
   */
  #lookSoon(): void {
    if (this.#sampling) return;
    const pause = this.#sampledAt + this.#paceMs - performance.now();
    if (pause > 0) this.#schedule(pause);
    else void this.#look();
  }

  #look(): Promise<void> {
    clearTimeout(this.#timer);
    return (this.#sampling ??= this.#lookOnce());
  }

  async #lookOnce(): Promise<void> {
    const news = this.#dirty && this.#listeners.size > 0;
    this.#dirty = false;
    try {
      await this.#sample(news);
    } catch (error) {
      this.#lost(error as Error);
    }
    this.#sampling = undefined;
    this.#sampledAt = performance.now();
    if (this.#stopped) return;
    const { waiting } = this.#watermark;
    const awaited = this.#listeners.size > 0;
    if (awaited && this.#dirty) this.#schedule(this.#paceMs);
    else this.#schedule(awaited && waiting ? this.#recheckMs : POLL_INTERVAL_MS);
    this.#dirty ||= waiting;
  }

  /**
   * The rows are read after the locks were looked at: so all that settles with this look is among them.
   * @param withRows whether something is to be read
   */
  async #sample(withRows: boolean): Promise<void> {
    if (!this.#client) await this.#connect();
    const before = this.#watermark.settled;
    const client = this.#client!;
    const after = withRows ? this.recent.upTo : undefined;
    const [look, page] = await Promise.all([
      client.query<Look>(this.#takeNotice()),
      after === undefined ? undefined : client.query<PageRow>(rowsAfter(after)),
    ]);
    const { head, readOnly, writers } = look.rows[0]!;
    // After a fail-over: what is said from now on is said elsewhere.
    if (readOnly) throw new ServerReadOnly();
    this.#watermark.observe({ head, writers: new Set(writers) });
    this.#lookedAt = Date.now();
    this.#keep(after, page?.rows ?? []);
    this.#paceMs = Math.min(PACE_MS[1], PACE_MS[0] * (1 + writers.length));
    const moved = this.#watermark.settled > before;
    this.#recheckMs = moved ? RECHECK_MS[0] : Math.min(RECHECK_MS[1], this.#recheckMs * 2);
    if (moved) for (const listener of this.#listeners) listener();
  }

  /** Where there is more than a look takes along, everybody reads for himself. */
  #keep(after: number | undefined, rows: readonly PageRow[]): void {
    const { upTo } = this.recent;
    const whole = rows.length < ROWS && !rows.at(-1)?.more;
    // It was begun anew meanwhile, as after an erasure.
    if (after !== undefined && after === upTo && whole) this.recent.add(rows, this.#watermark.settled);
    else if (after !== undefined || upTo === undefined) this.recent.restart(this.#watermark.settled);
  }

  /** The look, which tells others where they were to be told. */
  #takeNotice() {
    if (!this.#notify) return { name: 'watch-look', text: `SELECT ${LOOK}` };
    clearTimeout(this.#notify);
    this.#notify = undefined;
    this.#notifiedAt = performance.now();
    const text = `SELECT (SELECT pg_notify($1, '')), ${LOOK}`;
    return { name: 'watch-look-and-tell', text, values: [this.#channel] };
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), afterMs);
  }

  async #connect(): Promise<void> {
    const session = sessionConfig({
      application_name: sessionName(`liftout:${this.module}:watch`, this.url),
      // It writes nothing that has to last: a NOTIFY need not wait for the disk.
      settings: { search_path: this.module, synchronous_commit: 'off' },
      statementTimeoutMs: Math.min(ANSWER_TIMEOUT_MS, this.answerMs),
    });
    const client = (this.#opened = new BoundedClient({ connectionString: this.url, pipeline: true, ...session }));
    client.on('error', (error) => client === this.#client && this.#lost(error));
    client.on('notification', (message) => this.#onNotification(client, message));
    try {
      await client.connect();
      sendTogether(client);
      await client.query(`LISTEN "${this.#channel}"`);
      this.#client = client;
      this.#noteServer(client);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  #noteServer({ host, port }: BoundedClient): void {
    const place = `${host}:${port}`;
    if (this.#place !== undefined && this.#place !== place) this.#onMoved();
    this.#place = place;
  }

  #onNotification(client: BoundedClient, message: Notification): void {
    const own = (client as unknown as { processID: number }).processID;
    if (message.payload === 'erased') this.recent.restart(this.#watermark.settled);
    if (message.payload) this.#onSignal(message.payload as Signal);
    else if (message.processId !== own) this.#markDirty();
  }

  #notifyPeers(): void {
    clearTimeout(this.#notify);
    this.#notify = undefined;
    this.#notifiedAt = performance.now();
    this.#client?.query(`NOTIFY "${this.#channel}"`).catch((error: Error) => this.#lost(error));
  }

  /** The next look connects again. */
  #lost(error: Error): void {
    if (this.#stopped) return;
    const client = this.#client;
    this.#client = undefined;
    this.recent.restart();
    client?.end().catch(() => undefined);
    this.onError(error);
    this.#schedule(POLL_INTERVAL_MS);
  }
}
