import type { Type } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { Command, Query } from '@nestjs/cqrs';
import type { QueryResultRow } from 'pg';
import type { EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { contextOptions } from '../bounded-context.js';
import type { Actor } from '../messaging/context/context.js';
import { childContext, runInScope, SYSTEM } from '../messaging/context/context.js';
import type { MessageClass } from '../messaging/define.js';
import type { Duration } from '../messaging/duration.js';
import { milliseconds } from '../messaging/duration.js';
import { definitionOf } from '../messaging/define.js';
import type { Logger } from '../observability/logging.js';
import { UnitOfWork } from '../transaction/unit-of-work.js';
import { Runtime } from '../runtime/runtime.js';
import type { TestDatabase } from './database.js';
import { testDatabase } from './database.js';
import { passTime } from './clock.js';
import { eventually } from './eventually.js';
import { entityDrifts } from './gates/entities-check.js';
import type { Matching } from './matching.js';
import { described, fits } from './matching.js';
import type { Contracts } from './neighbours.js';
import { messagesOf, neighbour } from './neighbours.js';
import type { Method, RouteAnswer, RouteRequest } from './routes.js';
import { RoutedApp } from './routes.js';
import { Expectations } from './pacts/expectations.js';
import { sceneReport } from './scene-report.js';
import { specsEnvOf, testLogger } from './wiring.js';

type Script = (message: never) => unknown;

interface ScenarioOptions {
  /** The contracts of the modules it talks to, or those modules. They are played by the test, on outboxes of their own. */
  neighbours?: readonly (Contracts | Type)[];
  /** Environment variables for the module's configuration, besides those that it says it has in specs. */
  env?: NodeJS.ProcessEnv;
  /** How long a step waits, in milliseconds. Default: 15,000. */
  patienceMs?: number;
  /** Where log lines go. Default: nowhere, unless `LOG_LEVEL` is set. */
  log?: Logger;
}

const STEP_TIMEOUT_MS = 15_000;

/**
 * One module alone, on a real database, with everything the platform does for it; its neighbours are scripted.
 *
 * @throws Error with the statements that are missing, where entities and migrations of the module have drifted apart
 * @example
 * const scene = await scenario(LettersModule, { neighbours: [addresses, couriers] });
 * scene.answer(FindAddress, () => ({ street: 'Elm Row 5', … }));
 * const { letterId } = await scene.execute(new WriteLetter({ … }));
 * await scene.received(BookCourier, { letterId });
 * await scene.publish(new LetterDelivered({ … }));
 * await scene.published(PostingEnded, { letterId });
 */
export async function scenario(module: Type, options: ScenarioOptions = {}): Promise<Scenario> {
  const neighbours = (options.neighbours ?? []).map(neighbour);
  const modules = [module, ...neighbours];
  const database = await testDatabase(modules);
  const [drift] = await entityDrifts([module], database.urls).catch((error: Error) => [error.message]);
  if (drift !== undefined) {
    await database.drop();
    throw new Error(drift);
  }
  const { log = testLogger(), patienceMs = STEP_TIMEOUT_MS } = options;
  const env = { ...specsEnvOf([module]), ...options.env };
  const failures = new Map<string, unknown>();
  const onFailure = (where: string, error: unknown) => void failures.set(where, error);
  const runtime = new Runtime({ modules, urls: database.urls, poolSize: 4, env, log, onFailure });
  const scene = new Scenario(contextOptions(module)!.name, runtime, database, failures, patienceMs);
  try {
    await scene.start(modules, neighbours);
  } catch (error) {
    await scene.close();
    throw error;
  }
  return scene;
}

export class Scenario {
  readonly #scripts = new Map<string, Script>();
  readonly #received: object[] = [];
  readonly #expectations: Expectations;
  #app: RoutedApp | undefined;

  constructor(
    private readonly module: string,
    readonly runtime: Runtime,
    private readonly database: TestDatabase,
    private readonly failures: ReadonlyMap<string, unknown>,
    private readonly patienceMs: number,
  ) {
    this.#expectations = new Expectations(module);
  }

  /** @internal */
  async start(modules: readonly Type[], neighbours: readonly Type[]): Promise<void> {
    for (const each of neighbours) for (const type of messagesOf(contextOptions(each)!.contracts)) this.#play(type);
    await this.runtime.connect();
    this.#app = await RoutedApp.open(this.runtime, modules);
    this.runtime.startDelivery();
  }

  /** Says how a neighbour answers a command or query: with a result, or by throwing. Replaces an earlier script. */
  answer<C extends MessageClass>(type: C, script: (message: InstanceType<C>) => unknown): void {
    this.#scripts.set(type.definition.name, script);
  }

  /** Executes a command or query as `actor`, optionally with an idempotency key. */
  async execute<R>(message: Command<R> | Query<R>, actor: Actor = SYSTEM, key?: string): Promise<R> {
    const bus = definitionOf(message)!.kind === 'query' ? this.get(QueryBus) : this.get(CommandBus);
    const context = childContext('test', 'test', { actor, ...(key && { key }) });
    return await runInScope(context, undefined, () =>
      (bus as { execute(message: object): Promise<R> }).execute(message),
    );
  }

  /** What one of the module's routes answers. */
  async request(method: Method, path: string, request: RouteRequest = {}): Promise<RouteAnswer> {
    return await this.#app!.request(method, path, request);
  }

  /** Publishes an event of a neighbour, through its real outbox. */
  async publish(...events: object[]): Promise<void> {
    const producer = definitionOf(events[0])!.module;
    const unit = new UnitOfWork(producer, this.runtime.database(producer).dataSource);
    for (const event of events) unit.publish(event);
    for (const event of events) this.#expectations.heard(event);
    await unit.commit();
    this.runtime.watches.get(producer)!.committed();
  }

  /** Waits until a neighbour has received such a command or query. */
  async received<C extends MessageClass>(type: C, matching: Matching<InstanceType<C>> = {}): Promise<InstanceType<C>> {
    const find = () => this.allReceived(type).find((message) => fits(message as object, matching as Matching<object>));
    return await this.until(find, async () => this.#expected(type, matching, 'received', this.allReceived(type)));
  }

  /** Everything neighbours have received of a type so far. */
  allReceived<C extends MessageClass>(type: C): InstanceType<C>[] {
    return this.#received.filter((message) => message instanceof type) as InstanceType<C>[];
  }

  /** Waits until the module has published such an event. */
  async published<C extends MessageClass>(type: C, matching: Matching<InstanceType<C>> = {}): Promise<InstanceType<C>> {
    const find = async () =>
      (await this.allPublished(type)).find((event) => fits(event as object, matching as Matching<object>));
    return await this.until(find, async () =>
      this.#expected(type, matching, 'published', await this.allPublished(type)),
    );
  }

  /** Everything the module has published of a type so far, in order. */
  async allPublished<C extends MessageClass>(type: C): Promise<InstanceType<C>[]> {
    const text = 'SELECT payload FROM outbox WHERE type = $1 AND aggregatetype = $2 ORDER BY seq';
    const rows = await this.sql<{ payload: never }>(text, [type.definition.name, this.module]);
    return rows.map(({ payload }) => new type(payload) as InstanceType<C>);
  }

  /**
   * Waits until `look` returns something other than `undefined` and `false`, and does not throw.
   *
   * @param what was expected, for the error
   * @throws Error that says what was expected, and beside it what may have stood in the way: the last error of each consumer,
   *   what is parked, which commands were answered with an error, and which messages there are
   */
  async until<T>(
    look: () => T | Promise<T>,
    what: string | (() => Promise<string>) = 'the condition',
  ): Promise<Exclude<T, undefined | false>> {
    try {
      return await eventually(look, typeof what === 'string' ? what : 'it', this.patienceMs);
    } catch (cause) {
      const expected = typeof what === 'string' ? (cause as Error).message : await what();
      const { runtime, failures } = this;
      const received = this.#received.map((message) => definitionOf(message)!.name);
      const report = await sceneReport({ databases: runtime.databases, failures, received });
      throw new Error(`${expected}\n\n${report}`, { cause });
    }
  }

  /**
   * Lets time pass for schedules, commands that were sent for later, and timeouts of sagas: it stops at each moment at
   * which something is due until that was done, so a nightly schedule runs each night. What comes of it by messages may
   * still be on its way after it, and `new Date()` says what it said.
   *
   * @param duration such as `'3 days'`
   * @throws TypeError where it is no length of time; Error where more than 400 moments are due in it
   * @example
   * await scene.passTime('3 days');
   * await scene.received(AskForRating, { orderId });
   */
  async passTime(duration: Duration): Promise<void> {
    await passTime(this.runtime, milliseconds(duration), (look, what) => this.until(look, what));
  }

  /** Runs SQL in the module's schema, as the module's role. */
  async sql<T extends QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.runtime.database(this.module).pool.query<T>(text, values)).rows;
  }

  /** TypeORM's repository of an entity of the module, outside of any transaction. */
  repository<E extends ObjectLiteral>(entity: EntityTarget<E>): Repository<E> {
    return this.runtime.database(this.module).repository(entity);
  }

  /** A provider of the module under test. */
  get<T>(type: Type<T> | (abstract new (...args: never[]) => T)): T {
    return this.#app!.app.get(type, { strict: false });
  }

  /** @throws Error where a script has answered with something that the contract of the neighbour does not have */
  async close(): Promise<void> {
    await this.#app?.close();
    await this.runtime.stop();
    await this.database.drop();
    this.#expectations.end();
  }

  #expected(type: MessageClass, matching: object, how: string, others: readonly unknown[]): string {
    const there = others.slice(0, 5).map((each) => `\n  ${JSON.stringify(each)}`);
    const had =
      others.length === 0
        ? 'None of the kind was.'
        : `Of the kind there ${others.length === 1 ? 'was' : 'were'} ${others.length}:`;
    return `${type.definition.name}${described(matching)} was not ${how} within ${this.patienceMs} ms. ${had}${there.join('')}`;
  }

  #play(type: MessageClass): void {
    const { kind, module, name, result } = type.definition;
    if (kind === 'event') return;
    this.runtime.registry.addHandler(module, kind, type, async (message) => {
      this.#received.push(message);
      const script = this.#scripts.get(name);
      if (!script && result) throw new Error(`${name} was asked, but the test does not say how it is answered.`);
      return await this.#expectations.answer(type, message, () => script?.(message));
    });
  }
}
