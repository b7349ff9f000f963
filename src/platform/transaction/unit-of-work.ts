import type { PoolClient } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { SendOptions, Unit } from '../messaging/context/context.js';
import { currentMessage } from '../messaging/context/context.js';
import { definitionOf } from '../messaging/define.js';
import { ContractViolation } from '../messaging/errors.js';
import type { Span } from '@opentelemetry/api';
import type { PendingRow } from './message.js';
import { commandRow, eventRow } from './message.js';
import { storeDelayed } from './delayed.js';
import { appendToOutbox } from './outbox.js';
import { notifyPublished } from '../observability/outcomes.js';
import { transacting } from '../observability/seam-spans.js';
import { beginSpan } from '../observability/spans.js';
import { Announcements } from './announcements.js';
import type { BoundedClient } from '../connection/connection.js';
import { isConnectionFailure } from '../connection/failures.js';
import type { Level } from './levels.js';
import { Levels } from './levels.js';
import { endSession, poolOf } from '../connection/session/sessions.js';
import { statementsWithin } from '../connection/statement-spans.js';

/** The database answered COMMIT with ROLLBACK: a statement had failed and nobody looked. */
class CommitRefused extends Error {
  override readonly name = 'CommitRefused';
}

/** How long work waits for a savepoint of its unit that it is not in, in milliseconds: less than a handler may take. */
const SIBLING_TIMEOUT_MS = 20_000;

/** Those that have a connection. */
const open = new WeakMap<DataSource, Set<UnitOfWork>>();

/** Abandons whatever has a connection of a data source. @returns when nothing is locked any more */
export async function abandonAll(source: DataSource, reason: Error): Promise<void> {
  const units = [...(open.get(source) ?? [])];
  for (const unit of units) unit.abandon(reason);
  await Promise.all(units.map((unit) => unit.rollback()));
}

function openOf(source: DataSource): Set<UnitOfWork> {
  const known = open.get(source) ?? new Set();
  open.set(source, known);
  return known;
}

/**
 * At most one transaction of one module, with what it will say when it commits.
 *
 * What it has said goes on from `commit`; its caller then wakes the watch of the outbox (`delivery/feed/outbox-watch.ts`).
 * That asks the `watermark.ts` how far nothing can appear any more, and keeps the `recent-rows.ts`. A `consumer-loop.ts`
 * wakes, gets its rows from the `feed.ts`, moves its checkpoint in `progress.ts`, and has the `batch.ts` handled by what
 * `consumers.ts` has made of the handler.
 *
 * - The transaction begins at the first use of the database, not before.
 * - State and outbox rows commit together, or neither does.
 * - Outbox rows are written last, in one statement, in the order of publishing.
 * - When it has ended it is of no use any more: what a handler still does then is refused, with nothing written.
 * - What fails in {@link nested} undoes nothing of what runs at the same time outside of it: that waits meanwhile.
 */
export class UnitOfWork implements Unit {
  #queryRunner: QueryRunner | undefined;
  readonly #levels: Levels;
  readonly #announced: Announcements;
  readonly #onBegin: (client: PoolClient) => Promise<void>;
  #client: Promise<PoolClient> | undefined;
  #connected: PoolClient | undefined;
  #session: PoolClient | undefined;
  #span: Span | undefined;
  #savepoints = 0;
  #ended = false;
  #committing = false;
  #reason: Error | undefined;
  /** Resolves when the session of an abandoned one has ended: nothing is locked any more. */
  #abandoned: Promise<void> | undefined;

  /**
   * @param module the module whose schema it writes
   * @param dataSource the data source of that module
   * @param onBegin statements that open the transaction
   * @param siblingTimeoutMs how long work waits for a savepoint that it is not in
   */
  constructor(
    readonly module: string,
    private readonly dataSource: DataSource,
    onBegin: (client: PoolClient) => Promise<void> = async () => undefined,
    siblingTimeoutMs = SIBLING_TIMEOUT_MS,
  ) {
    this.#onBegin = onBegin;
    this.#announced = new Announcements(module);
    this.#levels = new Levels(siblingTimeoutMs, () => this.#over());
  }

  /** Made when it is needed: many commands have nothing to do with the database. */
  get #runner(): QueryRunner {
    return (this.#queryRunner ??= this.#makeRunner());
  }

  #makeRunner(): QueryRunner {
    const runner = this.dataSource.createQueryRunner();
    const connect = runner.connect.bind(runner) as () => Promise<PoolClient>;
    // TypeORM asks for the connection before every statement: that is the moment to begin.
    runner.connect = () => (this.#ended ? Promise.reject(this.#over()) : (this.#client ??= this.#begin(connect)));
    runner.startTransaction = () => {
      throw new ContractViolation(
        'LIFTOUT_NESTED_TRANSACTION',
        'The command is the transaction: do not begin one inside a handler.',
      );
    };
    (runner as { isTransactionActive: boolean }).isTransactionActive = true;
    return runner;
  }

  get open(): boolean {
    return this.#client !== undefined;
  }

  /** Whether COMMIT was sent: where that has failed by a lost connection, nobody knows. */
  get mayHaveCommitted(): boolean {
    return this.#committing;
  }

  /** How many rows it will write to the outbox. */
  get pendingMessages(): number {
    return this.#announced.rows.length;
  }

  /** What is to blame for a failure: where the connection was lost, that, whatever the handlers have made of it. */
  blame(error: unknown): unknown {
    const lost = this.#reason ? undefined : (this.#session as Partial<BoundedClient> | undefined)?.lost;
    return lost && !isConnectionFailure(error) ? lost : error;
  }

  /** TypeORM's entity manager inside this transaction. */
  get manager(): EntityManager {
    return this.#runner.manager;
  }

  /** The connection of this transaction, begun if it was not yet. */
  client(): Promise<PoolClient> {
    return this.#runner.connect() as Promise<PoolClient>;
  }

  #over(): Error {
    if (this.#reason) return this.#reason;
    return new ContractViolation(
      'LIFTOUT_HANDLER_NOT_AWAITED',
      `A handler of ${this.module} went on after its end. Await everything that it begins before it returns or throws.`,
    );
  }

  publish(event: object): void {
    const level = this.#levels.current();
    const definition = definitionOf(event);
    if (!definition) {
      this.#announced.addLocal(event, level);
      return;
    }
    if (definition.kind !== 'event' || definition.module !== this.module) {
      throw new ContractViolation(
        'LIFTOUT_FOREIGN_EVENT',
        `${this.module} published ${definition.name}: a module publishes its own events only.`,
      );
    }
    this.append(eventRow(event));
  }

  send(command: object, options: SendOptions = {}): void {
    const definition = definitionOf(command);
    if (definition?.kind !== 'command') {
      throw new ContractViolation('LIFTOUT_UNDECLARED_MESSAGE', 'Only a command made with defineCommand can be sent.');
    }
    this.append(commandRow(command, this.module, options));
  }

  /** Buffers a row that is neither an event of this module nor a command, such as a reply. */
  append(row: PendingRow): void {
    this.#announced.add(row, this.#levels.current());
  }

  get hasLocalEvents(): boolean {
    return this.#announced.hasLocal;
  }

  /** Takes the next local domain event that waits for its handlers, of those that were published in this level. */
  nextLocalEvent(): object | undefined {
    return this.#announced.nextLocal(this.#levels.current());
  }

  /** Those that are begun at the same time wait for each other, and so does what is done outside of it meanwhile. */
  async nested<T>(work: () => Promise<T>, hurried = false): Promise<T> {
    return await this.#levels.within((level) => this.#savepoint(level, work, hurried));
  }

  async #savepoint<T>(level: Level, work: () => Promise<T>, hurried: boolean): Promise<T> {
    const client = await this.#begun();
    const name = `nested_${++this.#savepoints}`;
    // It shares a round trip with the first statement of `work`, which fails if it does.
    client.query(`SAVEPOINT ${name}`).catch(() => undefined);
    try {
      const result = await work();
      this.#refuseOpen(level);
      this.#levels.end(level);
      const released = client.query(`RELEASE SAVEPOINT ${name}`);
      if (hurried) released.catch(() => undefined);
      else await released;
      return result;
    } catch (error) {
      // Where whatever is outside of it has ended before, it was undone or refused with that.
      if (this.#ended || level.outer!.ended) throw error;
      // Where it cannot be undone, the connection is lost.
      await this.#undo(level, name, client).catch(() => undefined);
      throw this.blame(error);
    }
  }

  async #undo(level: Level, name: string, client: PoolClient): Promise<void> {
    this.#levels.end(level);
    this.#announced.undo(level);
    await client.query(`ROLLBACK TO SAVEPOINT ${name}`);
  }

  /** What is half done must neither be kept nor lost without a word. */
  #refuseOpen(level?: Level): void {
    if (level?.ended) throw this.#over();
    if (level ? this.#levels.isInnermost(level) : !this.#levels.divided) return;
    throw new ContractViolation(
      'LIFTOUT_COMMAND_NOT_AWAITED',
      `A handler of ${this.module} returned while a command that it executes was still running. Await it.`,
    );
  }

  /**
   * Does what else would be left to the commit: writes what was said, checks what is deferred. So a failure shows inside of
   * the `nested` that is to blame.
   */
  async flush(): Promise<void> {
    const client = await this.client();
    await this.#write(client, this.#levels.current());
    await client.query('SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED');
  }

  #write(client: PoolClient, level: Level): Promise<unknown> {
    const rows = this.#announced.unwritten(level);
    const now = rows.filter(({ later }) => !later);
    const later = rows.filter((row) => row.later);
    return Promise.all([
      later.length > 0 && storeDelayed(client, later),
      now.length > 0 && appendToOutbox(client, now),
    ]);
  }

  /**
   * Writes the outbox rows and commits. Where nothing was read, written or published there is nothing to do.
   * @param note writes what else belongs to the transaction
   * @returns whether it said anything, so that readers of the outbox should be woken
   * @throws CommitRefused when the database rolled back instead; ContractViolation while nested work still runs
   */
  async commit(note?: (client: PoolClient) => Promise<unknown>): Promise<boolean> {
    const publishes = this.pendingMessages > 0;
    const client = this.open || publishes || note ? await this.#begun() : undefined;
    this.#refuseOpen();
    const level = this.#levels.current();
    this.#end();
    if (!client) return false;
    this.#committing = true;
    // Pipelined: if an insert fails, PostgreSQL turns this COMMIT into a ROLLBACK and says so in its tag.
    const [noted, inserted, committed] = await Promise.allSettled([
      note?.(client),
      this.#write(client, level),
      client.query('COMMIT'),
    ]);
    if (noted.status === 'rejected') throw noted.reason;
    if (inserted.status === 'rejected') throw inserted.reason;
    if (committed.status === 'rejected') throw committed.reason;
    if (committed.value.command !== 'COMMIT') throw new CommitRefused('A statement of this transaction had failed.');
    for (const { span } of this.#announced.rows) span?.end();
    if (publishes) notifyPublished(this.#announced.rows);
    this.#endSpan('committed', client);
    this.#disconnected();
    await this.#runner.release();
    return publishes;
  }

  /**
   * Undoes everything and gives the connection back; closes it when it cannot be told to roll back. Where it has ended
   * already, nothing happens.
   */
  async rollback(): Promise<void> {
    this.#end();
    // One that still waits for its connection gives it back by itself, with nothing begun.
    if (this.#connected) await this.#client?.catch(() => undefined);
    await this.#abandoned;
    const client = this.#connected;
    if (!client) return;
    this.#disconnected();
    this.#endSpan('rolled back', client);
    try {
      await client.query('ROLLBACK');
      await this.#runner.release();
    } catch (error) {
      await this.#discard(error as Error);
    }
  }

  /**
   * Closes it from outside, and ends its session: so its transaction is undone whatever it waits for. What its handlers
   * still do is refused with `reason`.
   */
  abandon(reason: Error): void {
    if (this.#ended) return;
    this.#reason = reason;
    this.#end();
    const client = this.#connected;
    if (!client) return;
    this.#disconnected();
    this.#endSpan('rolled back', client);
    const ended = endSession(client, poolOf(this.dataSource));
    this.#abandoned = this.#discard(reason).then(() => ended);
  }

  async #begin(connect: () => Promise<PoolClient>): Promise<PoolClient> {
    const client = await connect();
    if (this.#ended) {
      await this.#runner.release();
      throw this.#over();
    }
    this.#connected = this.#session = client;
    openOf(this.dataSource).add(this);
    this.#beginSpan(client);
    // Not awaited: it is pipelined ahead of the first statement, which fails if it does.
    client.query('BEGIN').catch(() => undefined);
    (client as unknown as Partial<BoundedClient>).askBackend?.();
    await this.#onBegin(client);
    return this.#inTurn(client);
  }

  #disconnected(): void {
    this.#connected = undefined;
    open.get(this.dataSource)?.delete(this);
  }

  /** As {@link client}, for what keeps the savepoints itself. */
  async #begun(): Promise<PoolClient> {
    await this.client();
    if (!this.#connected) throw this.#over();
    return this.#connected;
  }

  #end(): void {
    this.#ended = true;
    this.#levels.end();
  }

  /** The connection, whose statements wait while a savepoint is open that they are not in. */
  #inTurn(client: PoolClient): PoolClient {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const inTurn = (...args: unknown[]): unknown => {
      try {
        if (this.#levels.isInnermost(this.#levels.current())) return query(...args);
      } catch (ended) {
        return Promise.reject(ended);
      }
      return this.#levels.turn().then(() => inTurn(...args));
    };
    return new Proxy(client, {
      get: (target, name) => (name === 'query' ? inTurn : Reflect.get(target, name, target)),
    });
  }

  /** From the first use of the database on; what the same handler asks of it is below. */
  #beginSpan(client: PoolClient): void {
    const within = currentMessage()?.traceparent;
    if (!within) return;
    const { span, traceparent } = beginSpan(within, () => transacting(this.module));
    this.#span = span;
    if (span) statementsWithin(client, within, traceparent);
  }

  #endSpan(outcome: 'committed' | 'rolled back', client: PoolClient): void {
    this.#span?.setAttribute('liftout.outcome', outcome).end();
    this.#span = undefined;
    statementsWithin(client, '', '');
  }

  async #discard(error: Error): Promise<void> {
    const runner = this.#runner as QueryRunner & { releasePostgresConnection(error: Error): Promise<void> };
    await runner.releasePostgresConnection(error);
  }
}
