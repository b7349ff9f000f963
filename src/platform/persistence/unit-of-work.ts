import { AsyncLocalStorage } from 'node:async_hooks';
import type { PoolClient } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { SendOptions, Unit } from '../messaging/context.js';
import { currentMessage } from '../messaging/context.js';
import { definitionOf } from '../messaging/define.js';
import { ContractViolation } from '../messaging/errors.js';
import type { Span } from '@opentelemetry/api';
import type { OutboxRow, Saying } from '../delivery/message.js';
import { beginSaying, commandRow, eventRow } from '../delivery/message.js';
import { appendToOutbox } from '../delivery/outbox.js';
import { said } from '../observability/outcomes.js';
import { transacting } from '../observability/seam-spans.js';
import { beginSpan } from '../observability/spans.js';
import { statementsWithin } from './statement-spans.js';

/** The database answered COMMIT with ROLLBACK: a statement had failed and nobody looked. */
export class CommitRefused extends Error {
  override readonly name = 'CommitRefused';
}

/**
 * At most one transaction of one module, with what it will say when it commits.
 *
 * - The transaction begins at the first use of the database, not before.
 * - State and outbox rows commit together, or neither does.
 * - Outbox rows are written last, in one statement, in the order of publishing.
 * - When it has ended it is of no use any more: what a handler still does then is refused, with nothing written.
 */
export class UnitOfWork implements Unit {
  /** Local domain events that wait for their handlers. */
  readonly localEvents: object[] = [];
  #made: QueryRunner | undefined;
  readonly #rows: Saying[] = [];
  readonly #onBegin: (client: PoolClient) => Promise<void>;
  #client: Promise<PoolClient> | undefined;
  #connected: PoolClient | undefined;
  #span: Span | undefined;
  #savepoints = 0;
  /** How many of the rows are in the outbox already. */
  #written = 0;
  #ended = false;
  /** The savepoints that are open, outermost first: what resolves when each is gone. */
  readonly #open: Promise<unknown>[] = [];

  /**
   * @param module the module whose schema it writes
   * @param dataSource the data source of that module
   * @param onBegin statements that open every transaction, such as taking the idempotency key
   */
  constructor(
    readonly module: string,
    private readonly dataSource: DataSource,
    onBegin: (client: PoolClient) => Promise<void> = async () => undefined,
  ) {
    this.#onBegin = onBegin;
  }

  /** Made when it is needed: many commands have nothing to do with the database. */
  get #runner(): QueryRunner {
    return (this.#made ??= this.#makeRunner());
  }

  #makeRunner(): QueryRunner {
    const runner = this.dataSource.createQueryRunner();
    const connect = runner.connect.bind(runner) as () => Promise<PoolClient>;
    // TypeORM asks for the connection before every statement: that is the moment to begin.
    runner.connect = () => (this.#ended ? Promise.reject(this.#over()) : (this.#client ??= this.#begin(connect)));
    runner.startTransaction = () => {
      throw new ContractViolation('The command is the transaction: do not begin one inside a handler.');
    };
    (runner as { isTransactionActive: boolean }).isTransactionActive = true;
    return runner;
  }

  get open(): boolean {
    return this.#client !== undefined;
  }

  /** How many rows it will write to the outbox. */
  get said(): number {
    return this.#rows.length;
  }

  /** TypeORM's entity manager inside this transaction. */
  get manager(): EntityManager {
    return this.#runner.manager;
  }

  /** The connection of this transaction, begun if it was not yet. */
  client(): Promise<PoolClient> {
    return this.#runner.connect() as Promise<PoolClient>;
  }

  #refuseEnded(): void {
    if (this.#ended) throw this.#over();
  }

  #over(): ContractViolation {
    return new ContractViolation(
      `A handler of ${this.module} went on after its end. Await everything that it begins before it returns or throws.`,
    );
  }

  publish(event: object): void {
    this.#refuseEnded();
    const definition = definitionOf(event);
    if (!definition) {
      this.localEvents.push(event);
      return;
    }
    if (definition.kind !== 'event' || definition.module !== this.module) {
      throw new ContractViolation(
        `${this.module} published ${definition.name}: a module publishes its own events only.`,
      );
    }
    this.append(eventRow(event));
  }

  send(command: object, options: SendOptions = {}): void {
    const definition = definitionOf(command);
    if (definition?.kind !== 'command') {
      throw new ContractViolation('Only a command made with defineCommand can be sent.');
    }
    this.append(commandRow(command, this.module, options));
  }

  /** Buffers a row that is neither an event of this module nor a command, such as a reply. */
  append(row: OutboxRow): void {
    this.#refuseEnded();
    this.#rows.push(beginSaying(row));
  }

  /** Those that are begun at the same time wait for each other: savepoints are a stack. */
  async nested<T>(work: () => Promise<T>, hurried = false): Promise<T> {
    const within = levels.getStore();
    const level = within?.unit === this ? within.level : 0;
    while (this.#open.length > level) await this.#open[level];
    const done = levels.run({ unit: this, level: level + 1 }, () => this.#savepoint(work, hurried));
    this.#open[level] = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      this.#open.length = level;
    }
  }

  async #savepoint<T>(work: () => Promise<T>, hurried: boolean): Promise<T> {
    const client = await this.client();
    const name = `nested_${++this.#savepoints}`;
    const marks = [this.#rows.length, this.localEvents.length] as const;
    // It shares a round trip with the first statement of `work`, which fails if it does.
    client.query(`SAVEPOINT ${name}`).catch(() => undefined);
    try {
      const result = await work();
      const released = client.query(`RELEASE SAVEPOINT ${name}`);
      if (hurried) released.catch(() => undefined);
      else await released;
      return result;
    } catch (error) {
      if (!this.#ended) await client.query(`ROLLBACK TO SAVEPOINT ${name}`);
      this.#rows.length = marks[0];
      this.#written = Math.min(this.#written, marks[0]);
      this.localEvents.length = marks[1];
      throw error;
    }
  }

  /**
   * Does what else would be left to the commit: writes what was said, checks what is deferred. So a failure shows inside of
   * the `nested` that is to blame.
   */
  async flush(): Promise<void> {
    const client = await this.client();
    await this.#write(client);
    await client.query('SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED');
  }

  #write(client: PoolClient): Promise<unknown> {
    const rows = this.#rows.slice(this.#written).map(({ row }) => row);
    this.#written = this.#rows.length;
    return rows.length > 0 ? appendToOutbox(client, rows) : Promise.resolve();
  }

  /**
   * Writes the outbox rows and commits. Where nothing was read, written or published there is nothing to do.
   * @returns whether it said anything, so that readers of the outbox should be woken
   * @throws CommitRefused when the database rolled back instead
   */
  async commit(): Promise<boolean> {
    const speaks = this.#rows.length > 0;
    const client = this.open || speaks ? await this.client() : undefined;
    this.#ended = true;
    if (!client) return false;
    const written = this.#write(client);
    // Pipelined: if the insert fails, PostgreSQL turns this COMMIT into a ROLLBACK and says so in its tag.
    const [inserted, committed] = await Promise.allSettled([written, client.query('COMMIT')]);
    if (inserted.status === 'rejected') throw inserted.reason;
    if (committed.status === 'rejected') throw committed.reason;
    if (committed.value.command !== 'COMMIT') throw new CommitRefused('A statement of this transaction had failed.');
    for (const { span } of this.#rows) span?.end();
    if (speaks) said(this.#rows);
    this.#endSpan('committed', client);
    this.#connected = undefined;
    await this.#runner.release();
    return speaks;
  }

  /**
   * Undoes everything and gives the connection back; closes it when it cannot be told to roll back. Where it has ended
   * already, nothing happens.
   */
  async rollback(): Promise<void> {
    this.#ended = true;
    await this.#client?.catch(() => undefined);
    const client = this.#connected;
    if (!client) return;
    this.#connected = undefined;
    this.#endSpan('rolled back', client);
    try {
      await client.query('ROLLBACK');
      await this.#runner.release();
    } catch (error) {
      await this.#discard(error as Error);
    }
  }

  async #begin(connect: () => Promise<PoolClient>): Promise<PoolClient> {
    const client = await connect();
    this.#connected = client;
    this.#beginSpan(client);
    // Not awaited: it is pipelined ahead of the first statement, which fails if it does.
    client.query('BEGIN').catch(() => undefined);
    await this.#onBegin(client);
    return client;
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

/** In which savepoint of which unit something runs. */
const levels = new AsyncLocalStorage<{ unit: UnitOfWork; level: number }>();
