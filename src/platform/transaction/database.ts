import type { ClientBase, Pool, QueryResultRow } from 'pg';
import type { EntityManager, EntityTarget, MixedList, ObjectLiteral } from 'typeorm';
import { DataSource, Repository } from 'typeorm';
import { Changes } from '../delivery/feed/changes.js';
import { NO_EXTENSIONS } from '../schema/entity-drift.js';
import { partitionsOf } from '../schema/outbox-partitions.js';
import type { OutboxWatch } from '../delivery/feed/outbox-watch.js';
import { activeScope } from '../messaging/context/context.js';
import { ContractViolation } from '../messaging/errors.js';
import {
  BoundedClient,
  ConnectionSilent,
  moduleSettings,
  ServerReadOnly,
  sessionConfig,
} from '../connection/connection.js';
import { isStalePlan } from '../connection/failures.js';
import { endSession, poolOf } from '../connection/session/sessions.js';
import { SharedConnection } from '../connection/session/shared-connection.js';
import { traceStatements } from '../connection/statement-spans.js';
import { sendTogether, Statements } from '../connection/statements.js';
import { Turns } from '../connection/session/turns.js';
import { UnitOfWork } from './unit-of-work.js';
import { sessionName, urlsOf } from '../connection/urls.js';

type EntityClass = Exclude<EntityTarget<object>, string>;

interface DatabaseOptions {
  /** The module that owns the schema; also the schema's name. */
  module: string;
  /** Connection URL of the module's role, or those of several servers with spaces between. */
  url: string;
  /** The same role's connection URL, or URLs, of a pooler in front of that, for the pool. Default: there is none. */
  pooler?: string | undefined;
  /** Whether the pool prepares statements by name. Default: it does. */
  prepared?: boolean | undefined;
  entities: MixedList<EntityClass>;
  /** Connections at most; one module cannot use up another's. */
  poolSize: number;
  /** How long a statement may take, in milliseconds. Default: 15 seconds. */
  statementTimeoutMs?: number | undefined;
  /** Watches the module's outbox. */
  watch: OutboxWatch;
}

/**
 * The database of one bounded context: one schema, one role, one pool. Inject it into handlers.
 *
 * Inside a command or event handler everything goes through the transaction of its unit of work, which begins at the
 * first use. Inside a query handler each statement stands alone.
 *
 * @example
 * const [letter] = await this.database.sql<{ to: string }>('SELECT "to" FROM letter WHERE letter_id = $1', [letterId]);
 */
export class Database {
  readonly module: string;
  readonly dataSource: DataSource;
  /** Whether it has several servers, and may move from one to another. */
  readonly isMovable: boolean;
  /** For the platform's short statements that come at once. */
  readonly shared = new SharedConnection(() => this.pool);
  readonly #changes: Changes;
  readonly #deliveries: Turns;
  readonly #statements = new Statements();
  readonly #connections = new Set<BoundedClient>();
  #over = false;
  #traced: Pool | undefined;

  constructor(private readonly options: DatabaseOptions) {
    this.module = options.module;
    const url = options.pooler ?? options.url;
    this.isMovable = urlsOf(url).length > 1;
    this.#deliveries = new Turns(deliveriesAtOnce(options.poolSize));
    // A pooler keeps connections whose server is gone, and has them wait.
    if (options.pooler !== undefined) options.watch.onMoved(() => this.#cutAll(new ServerReadOnly()));
    this.#changes = new Changes(options.watch, () => this.pool);
    this.dataSource = new DataSource({
      type: 'postgres',
      url: urlsOf(url)[0]!,
      schema: options.module,
      entities: options.entities as never,
      poolSize: options.poolSize,
      ...NO_EXTENSIONS,
      extra: {
        ...this.#session({ pooled: options.pooler !== undefined, prepared: options.prepared }),
        connectionString: url,
        pipeline: true,
        onBegin: (client: BoundedClient) => this.#begun(client),
        onConnect: (client: BoundedClient) => equip(client, options.module),
      },
    });
  }

  /** TypeORM's entity manager: the one of the running transaction, or one without a transaction. */
  get manager(): EntityManager {
    return this.#unit()?.manager ?? this.dataSource.manager;
  }

  /**
   * TypeORM's repository of one of the module's entities. Each call of it is bound as {@link manager} is at that moment: in a
   * command to its transaction. So it may be kept in a field, and used by several commands at once.
   *
   * @throws ContractViolation, when it is used, while a handler of another module is running
   * @example
   * const letter = await this.database.repository(Letter).findOneBy({ letterId });
   */
  repository<E extends ObjectLiteral>(entity: EntityTarget<E>): Repository<E> {
    const repository = new Repository(entity, this.dataSource.manager);
    return Object.defineProperty(repository, 'manager', { get: () => this.manager });
  }

  /**
   * Runs one SQL statement.
   *
   * @param text SQL with `$1` placeholders; unqualified names are found in the module's schema
   * @param values the placeholders' values
   * @returns the rows
   * @throws ContractViolation when a handler of another module is running
   */
  async sql<T extends QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    const unit = this.#unit();
    const target = unit ? await unit.client() : this.pool;
    try {
      return (await target.query<T>(this.#statements.named(text, values))).rows;
    } catch (error) {
      if (!isStalePlan(error)) throw error;
      this.#statements.forget(text);
      // A transaction is lost with it: whoever runs it begins anew.
      if (unit) throw error;
      return await this.sql(text, values);
    }
  }

  /**
   * For watching stored state without polling hard: resolves when this module has published something about an
   * aggregate, whichever replica did it. Look again after it in any case, it also resolves now and then without a reason.
   *
   * @param key the aggregate, as in the key of its events
   * @param withinMs milliseconds to wait at most
   */
  async changed(key: string, withinMs: number): Promise<void> {
    await this.#changes.of(key, withinMs);
  }

  /**
   * Where the feed of this module has come to: what it has published up to here is in every row that is read from now on.
   * For a query that hands out what is stored, page by page, to a consumer that is new: ask before the rows are read, and
   * let the consumer hear what comes behind the position of its first page.
   *
   * @returns a position of `deliveries -- accept CONSUMER --at POSITION`; an earlier one where the outbox was looked at some
   *   time ago, which repeats a little and loses nothing
   * @example const position = await this.database.position(); // and only then: SELECT …
   */
  async position(): Promise<number> {
    const { from } = await partitionsOf(this.pool);
    return Math.max(this.options.watch.settled, from[0]! - 1);
  }

  /** The pool of the module, for the platform's own statements outside of any unit of work. */
  get pool(): Pool {
    const master = poolOf(this.dataSource);
    if (this.#traced !== master) traceStatements((this.#traced = master), this.module);
    return master;
  }

  /**
   * Runs a transaction of the delivery when its turn has come: those of all consumers together leave connections free for
   * commands and queries, however many consumers there are, and however slow.
   */
  async deliver<T>(work: () => Promise<T>): Promise<T> {
    return await this.#deliveries.run(work);
  }

  /**
   * Runs `work` on a connection that keeps what outlasts a transaction, such as a lock of the session: past the pooler, where
   * there is one.
   *
   * @throws the connection's error, or that of `work`: then the connection is closed
   */
  async session<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    if (this.options.pooler !== undefined) return await this.#direct(work);
    const client = await this.pool.connect();
    let failed = true;
    try {
      const result = await work(client);
      failed = false;
      return result;
    } finally {
      client.release(failed);
    }
  }

  async #direct<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = new BoundedClient({ connectionString: this.options.url, ...this.#session({}) });
    this.#begun(client);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  #session(how: { pooled?: boolean; prepared?: boolean | undefined }) {
    const { module, url, statementTimeoutMs } = this.options;
    const name = sessionName(`liftout:${module}`, url);
    return sessionConfig({ application_name: name, settings: moduleSettings(module), statementTimeoutMs, ...how });
  }

  /** Closes every connection at once, and lets none be made: what is being done fails, and is undone. */
  cut(): void {
    this.#over = true;
    this.#cutAll(over());
  }

  #cutAll(reason: Error): void {
    for (const client of this.#connections) client.cut(reason);
  }

  #begun(client: BoundedClient): void {
    this.#connections.add(client);
    client.once('end', () => this.#connections.delete(client));
    // Where it still runs at the server, it would hold its locks until that notices.
    client.on('error', (error) => void (error instanceof ConnectionSilent && endSession(client, this.pool)));
    if (this.#over) setImmediate(() => client.cut(over()));
  }

  #unit(): UnitOfWork | undefined {
    const scope = activeScope();
    if (scope && scope.context.module !== this.module) {
      throw new ContractViolation(
        'LIFTOUT_FOREIGN_DATABASE',
        `${scope.context.module} used the database of ${this.module}: ask it with a query or a command instead.`,
      );
    }
    return scope?.unit as UnitOfWork | undefined;
  }
}

/** All but a quarter of the connections, and always one. */
const deliveriesAtOnce = (poolSize: number) => Math.max(1, poolSize - Math.max(1, Math.floor(poolSize / 4)));

const over = () => new Error('The process ends: the connection to the database was closed.');

function equip(client: BoundedClient, module: string): void {
  sendTogether(client);
  traceStatements(client, module);
}
