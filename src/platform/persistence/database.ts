import type { ClientBase, Pool, QueryResultRow } from 'pg';
import type { EntityManager, EntityTarget, MixedList } from 'typeorm';
import { DataSource } from 'typeorm';
import { Changes } from '../delivery/changes.js';
import type { OutboxWatch } from '../delivery/outbox-watch.js';
import { activeScope } from '../messaging/context.js';
import { ContractViolation } from '../messaging/errors.js';
import { isStalePlan } from './failures.js';
import { IDLE_TIMEOUT_MS } from './idle-timeout.js';
import { poolOf } from './sessions.js';
import { SharedConnection } from './shared-connection.js';
import { traceStatements } from './statement-spans.js';
import { sendTogether, Statements } from './statements.js';
import { UnitOfWork } from './unit-of-work.js';

type EntityClass = Exclude<EntityTarget<object>, string>;

export interface DatabaseOptions {
  /** The module that owns the schema; also the schema's name. */
  module: string;
  /** Connection URL of the module's role. */
  url: string;
  entities: MixedList<EntityClass>;
  /** Connections at most; one module cannot use up another's. */
  poolSize: number;
  /** Watches the module's outbox. */
  watch: OutboxWatch;
}

/**
 * The database of one bounded context: one schema, one role, one pool. Inject it into handlers.
 *
 * Inside a command or event handler everything goes through the transaction of its unit of work, which begins at the
 * first use. Inside a query handler each statement stands alone.
 */
export class Database {
  readonly module: string;
  readonly dataSource: DataSource;
  /** For the platform's short statements that come at once. */
  readonly shared = new SharedConnection(() => this.pool);
  readonly #changes: Changes;
  readonly #statements = new Statements();
  #traced: Pool | undefined;

  constructor(options: DatabaseOptions) {
    this.module = options.module;
    this.#changes = new Changes(options.watch, () => this.pool);
    this.dataSource = new DataSource({
      type: 'postgres',
      url: options.url,
      schema: options.module,
      entities: options.entities as never,
      poolSize: options.poolSize,
      applicationName: `liftout:${options.module}`,
      extra: {
        pipeline: true,
        // A process that stands still must not hold locks for ever.
        options: `-c search_path=${options.module} -c idle_in_transaction_session_timeout=${IDLE_TIMEOUT_MS}`,
        connectionTimeoutMillis: 10_000,
        keepAlive: true,
        onConnect: (client: ClientBase) => equip(client, options.module),
      },
    });
  }

  /** TypeORM's entity manager: the one of the running transaction, or one without a transaction. */
  get manager(): EntityManager {
    return this.#unit()?.manager ?? this.dataSource.manager;
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

  /** The pool of the module, for the platform's own statements outside of any unit of work. */
  get pool(): Pool {
    const master = poolOf(this.dataSource);
    if (this.#traced !== master) traceStatements((this.#traced = master), this.module);
    return master;
  }

  #unit(): UnitOfWork | undefined {
    const scope = activeScope();
    if (scope && scope.context.module !== this.module) {
      throw new ContractViolation(
        `${scope.context.module} used the database of ${this.module}: ask it with a query or a command instead.`,
      );
    }
    return scope?.unit as UnitOfWork | undefined;
  }
}

function equip(client: ClientBase, module: string): void {
  surviveLoss(client);
  sendTogether(client);
  traceStatements(client, module);
}

/**
 * The pool does not listen to a connection that it has handed out, TypeORM only a moment later, and others not at all:
 * one that is lost meanwhile would end the process. Whoever uses it is told by the statement that fails.
 */
function surviveLoss(client: ClientBase): void {
  client.on('error', () => undefined);
}
