import type { Notification } from 'pg';
import pg from 'pg';
import { Watermark } from './watermark.js';

const POLL_MS = 1000;
/** How soon to look again while a writer holds the watermark back; doubles up to the second figure. */
const RECHECK_MS = [2, 50] as const;
const COALESCE_MS = 3;

/** Two statements, so that the locks are looked at after the head was read. */
const SAMPLE = `
  SELECT coalesce(max(seq), 0)::text AS head FROM outbox;
  SELECT virtualtransaction AS writer FROM pg_locks
   WHERE relation = 'outbox'::regclass AND mode = 'RowExclusiveLock' AND granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

type Listener = () => void;

/** What a person, or a tool, has changed: messages in the work table, or the progress of consumers. */
export type Signal = 'parked' | 'progress';

/** Tells every process that runs `module`: without a signal, that there may be something to read in its outbox. */
export async function notify(
  client: Pick<pg.ClientBase, 'query'>,
  module: string,
  signal: Signal | '' = '',
): Promise<void> {
  await client.query('SELECT pg_notify($1, $2)', [channelOf(module), signal]);
}

const channelOf = (module: string) => `outbox_${module}`;

/**
 * Watches the outbox of one module for everybody in this process who reads it: one connection, at most one query a
 * second while nothing happens. It is woken by commits of this process at once, by those of others through `NOTIFY`,
 * and by its own poll when both fail.
 */
export class OutboxWatch {
  readonly #watermark = new Watermark();
  readonly #listeners = new Set<Listener>();
  #onSignal: (signal: Signal) => void = () => undefined;
  readonly #channel: string;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #notify: NodeJS.Timeout | undefined;
  #sampling: Promise<void> | undefined;
  #lookedAt = 0;
  #again = false;
  #recheckMs: number = RECHECK_MS[0];
  #stopped = false;

  /**
   * @param module whose outbox
   * @param url connection URL of that module's role
   * @param onError told of lost connections; it reconnects by itself
   */
  constructor(
    readonly module: string,
    private readonly url: string,
    private readonly onError: (error: Error) => void,
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
    await this.look();
  }

  /** Calls `listener` whenever the watermark has moved. @returns a function that ends it */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` with every signal to the processes that run this module. */
  onSignal(listener: (signal: Signal) => void): void {
    this.#onSignal = listener;
  }

  /** To be called after a commit of this process: looks at once, and tells other processes soon. */
  committed(): void {
    void this.look();
    this.#notify ??= setTimeout(() => this.#tellOthers(), COALESCE_MS);
  }

  /** Takes a sample; while one is on its way, one more follows it. */
  look(): Promise<void> {
    if (this.#sampling) {
      this.#again = true;
      return this.#sampling;
    }
    this.#sampling = this.#lookUntilDone().finally(() => (this.#sampling = undefined));
    return this.#sampling;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#notify);
    await this.#sampling;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #lookUntilDone(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#sample();
      } catch (error) {
        this.#lost(error as Error);
      }
    } while (this.#again && !this.#stopped);
    if (!this.#stopped) this.#schedule(this.#watermark.waiting ? this.#recheckMs : POLL_MS);
  }

  async #sample(): Promise<void> {
    if (!this.#client) await this.#connect();
    const before = this.#watermark.settled;
    const results = (await this.#client!.query(SAMPLE)) as unknown as [pg.QueryResult, pg.QueryResult];
    const head = Number(results[0].rows[0].head);
    this.#watermark.observe({ head, writers: new Set(results[1].rows.map((row) => row.writer as string)) });
    this.#lookedAt = Date.now();
    const moved = this.#watermark.settled > before;
    this.#recheckMs = moved ? RECHECK_MS[0] : Math.min(RECHECK_MS[1], this.#recheckMs * 2);
    if (moved) for (const listener of this.#listeners) listener();
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), afterMs);
  }

  async #connect(): Promise<void> {
    const options = {
      connectionString: this.url,
      options: `-c search_path=${this.module}`,
      keepAlive: true,
      pipeline: true,
    };
    const client = new pg.Client({ ...options, application_name: `liftout:${this.module}:watch` });
    client.on('error', (error) => this.#lost(error));
    client.on('notification', (message) => this.#heard(client, message));
    await client.connect();
    await client.query(`LISTEN "${this.#channel}"`);
    this.#client = client;
  }

  #heard(client: pg.Client, message: Notification): void {
    const own = (client as unknown as { processID: number }).processID;
    if (message.payload) this.#onSignal(message.payload as Signal);
    else if (message.processId !== own) void this.look();
  }

  #tellOthers(): void {
    this.#notify = undefined;
    this.#client?.query(`NOTIFY "${this.#channel}"`).catch((error: Error) => this.#lost(error));
  }

  /** The next look connects again. */
  #lost(error: Error): void {
    if (this.#stopped) return;
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => undefined);
    this.onError(error);
    this.#schedule(POLL_MS);
  }
}
