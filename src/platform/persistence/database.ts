import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, QueryResultRow } from 'pg';
import type { EntityManager, EntityTarget, MixedList } from 'typeorm';
import { DataSource } from 'typeorm';
import { currentScope } from '../messaging/context.js';
import { ContractViolation } from '../messaging/errors.js';
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
  /** Calls the listener whenever the module has said something new, in whatever process. @returns a function that ends it */
  subscribe(listener: () => void): () => void;
}

/** Waiting readers look again no sooner and no later than this, in milliseconds. */
const LOOK_AGAIN = { soonest: 20, latest: 1000 };

/**
 * The database of one bounded context: one schema, one role, one pool. Inject it into handlers.
 *
 * Inside a command or event handler everything goes through the transaction of its unit of work, which begins at the
 * first use. Inside a query handler each statement stands alone.
 */
export class Database {
  readonly module: string;
  readonly dataSource: DataSource;
  readonly #subscribe: DatabaseOptions['subscribe'];

  constructor(options: DatabaseOptions) {
    this.module = options.module;
    this.#subscribe = options.subscribe;
    this.dataSource = new DataSource({
      type: 'postgres',
      url: options.url,
      schema: options.module,
      entities: options.entities as never,
      poolSize: options.poolSize,
      applicationName: `liftout:${options.module}`,
      extra: { pipeline: true, options: `-c search_path=${options.module}`, connectionTimeoutMillis: 10_000 },
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
    return (await target.query<T>(text, values)).rows;
  }

  /**
   * Waits until this module has published something, whichever replica did it; for watching stored state without
   * polling hard. Look again after it in any case: it also resolves when nothing happened for a while.
   *
   * @param withinMs milliseconds to wait at most
   */
  async changed(withinMs: number): Promise<void> {
    const latest = Math.min(withinMs, LOOK_AGAIN.latest);
    const something = new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(done, latest);
      const unsubscribe = this.#subscribe(done);
    });
    await Promise.all([something, delay(Math.min(latest, LOOK_AGAIN.soonest))]);
  }

  /** The pool of the module, for the platform's own statements outside of any unit of work. */
  get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }

  #unit(): UnitOfWork | undefined {
    const scope = currentScope();
    if (scope && scope.context.module !== this.module) {
      throw new ContractViolation(
        `${scope.context.module} used the database of ${this.module}: ask it with a query or a command instead.`,
      );
    }
    return scope?.unit as UnitOfWork | undefined;
  }
}
