import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Type } from '@nestjs/common';
import type { BoundedContextOptions } from '../bounded-context.js';
import { contextOptions } from '../bounded-context.js';
import type { ConfigClass } from '../configuration.js';
import { ConfigError, readVariables } from '../configuration.js';
import { Host } from './host-handle.js';
import type { Consumer } from '../delivery/consumer/consumer.js';
import type { LoopEvents } from '../delivery/consumer/consumer-loop.js';
import { ConsumerLoop } from '../delivery/consumer/consumer-loop.js';
import type { Feed } from '../delivery/feed/feed.js';
import { LocalFeed } from '../delivery/feed/feed.js';
import type { HousekeepingOptions } from '../delivery/maintenance/housekeeping.js';
import { Housekeeping } from '../delivery/maintenance/housekeeping.js';
import { knowLess, knownOf } from '../delivery/checkpoint/heard.js';
import type { BeginAt, Beginning } from '../delivery/maintenance/replay-start.js';
import { beginAgain } from '../delivery/maintenance/replay-start.js';
import { sharesOf } from '../delivery/checkpoint/share.js';
import type { AskProducer, Rewound } from '../delivery/checkpoint/start-guard.js';
import { StartGuard, whyRewound } from '../delivery/checkpoint/start-guard.js';
import { PARTITION_ROWS } from '../schema/outbox-partitions.js';
import type { Signal } from '../delivery/feed/outbox-watch.js';
import { OutboxWatch } from '../delivery/feed/outbox-watch.js';
import { ParkedWorker } from '../delivery/retry/parked-worker.js';
import type { Eraser } from '../erasure/eraser.js';
import { ContractViolation } from '../messaging/errors.js';
import type { CommandRunner, RemoteModule } from '../messaging/dispatcher.js';
import { Dispatcher } from '../messaging/dispatcher.js';
import { LocalEvents } from '../messaging/local-events.js';
import { Registry } from '../messaging/registry.js';
import { HANDLER_TIMEOUT_MS, Stopping } from '../messaging/context/time-limit.js';
import type { Logger } from '../observability/logging.js';
import type { MessageContext } from '../messaging/context/context.js';
import { TransactionalRunner } from '../transaction/command-runner.js';
import { Database } from '../transaction/database.js';
import { abandonAll } from '../transaction/unit-of-work.js';
import type { Ignored, SagaRunner } from '../sagas/saga-runner.js';
import { SagaTimeouts } from '../sagas/timeouts.js';
import { DueCommands } from '../schedules/due-commands.js';
import type { DueLoop } from '../schedules/due-loop.js';
import type { Schedule } from '../schedules/schedule.js';
import { isConnectionFailure } from '../connection/failures.js';
import type { EventsOptions, EventTransport } from '../transport/events/event-transport.js';
import { openTransport } from '../transport/events/open-transport.js';
import type { Rehearsal } from '../transport/fault-injection/rehearsal.js';
import { askRemote, beginRemote, lowerRemote } from '../transport/events/consumer-positions.js';
import { RehearsedModule } from '../transport/fault-injection/rehearsed-module.js';
import { HttpRemoteModule } from '../transport/seam/remote-module.js';
import type { SeamClient } from '../transport/seam/seam-client.js';

export interface RuntimeOptions {
  /** Every module of the application, whether it runs here or not. */
  modules: readonly Type[];
  /** The modules that run elsewhere, and how to reach them. Default: none. */
  remotes?: readonly SeamClient[];
  /** Makes the seams of a module that runs here as bad as those to another process may be. Default: none. */
  rehearsal?: Rehearsal | undefined;
  /** How messages reach other processes. Default: from the producer's outbox, over the seam. */
  events?: EventsOptions;
  /** Connection URL of each module's role. */
  urls: ReadonlyMap<string, string>;
  /** Connection URL of a pooler for the pools of a module, in transaction mode; `urls` leads past it. Default: none. */
  poolers?: ReadonlyMap<string, string> | undefined;
  /** Whether pools prepare statements by name. Default: they do. */
  prepared?: boolean | undefined;
  /** Connections at most, for each module. */
  poolSize: number;
  /** The environment, for the variables that modules declare. Already validated. */
  env: NodeJS.ProcessEnv;
  log: Logger;
  /** Is told whatever a consumer, a handler or the timeout of a saga fails with. */
  onFailure?: (where: string, error: unknown) => void;
  /** How long messages are kept, and when one is late. Default: a week, a minute. */
  housekeeping?: Partial<HousekeepingOptions>;
  /** How long a handler may take whose work is a transaction, in milliseconds. Default: 30 seconds. */
  handlerTimeoutMs?: number;
  /** How long handlers may take to end when the process stops, in milliseconds. Default: 15 seconds. */
  stopTimeoutMs?: number;
  /** How long a statement may take, in milliseconds; a silent connection is closed a little later. Default: 15 seconds. */
  statementTimeoutMs?: number;
}

/** Longer than a replica takes to start again: what its types hold up then keeps its order. */
const TYPE_GRACE_MS = 120_000;

/** Less than a process has in all: see `host.ts`. */
const STOP_TIMEOUT_MS = 15_000;
/** How long connections to databases may hold up the end after that, in milliseconds. */
const CUT_TIMEOUT_MS = 2_000;

const HOUSEKEEPING = {
  keepMs: 7 * 86_400_000,
  partitionRows: PARTITION_ROWS,
  staleAfterMs: 60_000,
  typeGraceMs: TYPE_GRACE_MS,
};

/**
 * One running process: the modules in it, their databases, and everything that moves messages between them.
 *
 * Life: {@link connect} → Nest builds the modules and the explorer registers what it finds → {@link startDelivery} → {@link stop}.
 */
export class Runtime extends Host {
  /** Every module of the application. */
  readonly contexts: readonly BoundedContextOptions[];
  /** The modules that run in this process. */
  readonly running: ReadonlySet<string>;
  readonly remotes: ReadonlyMap<string, SeamClient>;
  readonly registry: Registry;
  readonly dispatcher: Dispatcher;
  readonly localEvents = new LocalEvents();
  readonly consumers: Consumer[] = [];
  readonly sagas: { module: string; runner: SagaRunner }[] = [];
  readonly schedules: Schedule[] = [];
  /** What does things when they are due. */
  readonly dueLoops: DueLoop[] = [];
  readonly erasers: { module: string; eraser: Eraser }[] = [];
  /** Is called when somebody was erased from a module of this process. */
  onErased: () => void = () => undefined;
  readonly watches = new Map<string, OutboxWatch>();
  readonly loops: ConsumerLoop[] = [];
  /** Of each consumer, whether it may start. */
  readonly guards = new Map<string, StartGuard>();
  readonly #feeds = new Map<string, LocalFeed>();
  readonly log: Logger;
  readonly handlerTimeoutMs: number;
  readonly #databases = new Map<string, Database>();
  readonly #workers = new Map<Consumer, ParkedWorker>();
  readonly #abort = new AbortController();
  readonly #housekeeping: Housekeeping;
  #transport: EventTransport | undefined;
  #running: Promise<void>[] = [];
  #delivered: Promise<void> | undefined;

  constructor(private readonly options: RuntimeOptions) {
    super();
    this.log = options.log;
    this.handlerTimeoutMs = options.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS;
    setMaxListeners(0, this.#abort.signal);
    this.#housekeeping = new Housekeeping(this, { ...HOUSEKEEPING, ...options.housekeeping });
    this.contexts = options.modules.map((module) => contextOptions(module)!);
    this.registry = new Registry(this.contexts);
    this.remotes = new Map((options.remotes ?? []).map((client) => [client.peer.module, client]));
    const here = this.contexts.filter(({ name }) => !this.remotes.has(name));
    this.running = new Set(here.map(({ name }) => name));
    const runners = new Map(here.map((context) => [context.name, this.#open(context)]));
    const fault = ({ type }: MessageContext, err: unknown) => {
      this.log.error({ err, type }, 'handler failed');
      options.onFailure?.(type, err);
    };
    const remote = new Map<string, RemoteModule>();
    for (const [name, client] of this.remotes) remote.set(name, new HttpRemoteModule(client));
    const { rehearsal } = options;
    if (rehearsal) remote.set(rehearsal.module, new RehearsedModule(rehearsal, this.registry, () => this.dispatcher));
    this.dispatcher = new Dispatcher(this.registry, runners, { fault }, remote);
  }

  database(module: string): Database {
    const database = this.#databases.get(module);
    if (!database) throw new Error(`${module} has no database in this process.`);
    return database;
  }

  /** The databases of the modules in this process. */
  get databases(): readonly Database[] {
    return [...this.#databases.values()];
  }

  /** @throws ConfigError that names each variable that is wrong */
  config<C extends ConfigClass>(type: C): InstanceType<C> {
    const read = readVariables(type.schema, this.options.env);
    if ('problems' in read) throw new ConfigError(read.problems);
    return new type(read.values as never) as InstanceType<C>;
  }

  /** Opens the pools; enough for tools, which deliver nothing. @throws the connection's error */
  async open(): Promise<void> {
    await Promise.all([...this.#databases.values()].map((database) => database.dataSource.initialize()));
  }

  /** Opens the pools and takes a first look at every outbox. @throws the connection's error */
  async connect(): Promise<void> {
    await this.open();
    await Promise.all([...this.watches.values()].map((watch) => watch.start()));
    this.#transport = await openTransport(this, this.options.events);
    await this.#transport.connect();
  }

  /** Begins to deliver messages to the consumers that were registered. */
  startDelivery(): void {
    for (const consumer of this.consumers) this.#startConsumer(this.#rehearsed(consumer));
    for (const name of this.running) this.#addDueWork(name);
    for (const loop of this.dueLoops) loop.start();
    for (const [module, watch] of this.watches) watch.onSignal((signal) => this.#onControlSignal(module, signal));
    this.#transport!.start();
    this.#housekeeping.start();
  }

  /** Begins no further message. @returns when those that were begun have ended, or were given up because they did not */
  stopDelivery(): Promise<void> {
    this.#abort.abort();
    return (this.#delivered ??= this.#ended([
      ...this.#running,
      ...[...this.#workers.values()].map((worker) => worker.stop()),
      ...this.dueLoops.map((loop) => loop.stop()),
      this.#housekeeping.stop(),
    ]));
  }

  /** Finishes the messages that were begun, if they end in time; then closes the connections, in bounded time as well. */
  async stop(): Promise<void> {
    await this.stopDelivery();
    await this.#orCut(this.#close());
  }

  async #close(): Promise<void> {
    await this.#transport?.stop();
    await Promise.all([...this.watches.values()].map((watch) => watch.stop()));
    await Promise.all([...this.remotes.values()].map((client) => client.close()));
    const sources = [...this.#databases.values()].map((database) => database.dataSource);
    await Promise.all(sources.filter((source) => source.isInitialized).map((source) => source.destroy()));
  }

  /** What does not end in time is undone: it comes again. */
  async #ended(all: readonly Promise<void>[]): Promise<void> {
    const over = new AbortController();
    const late = delay(this.options.stopTimeoutMs ?? STOP_TIMEOUT_MS, true, { signal: over.signal }).catch(() => false);
    const isLate = await Promise.race([Promise.all(all).then(() => false), late]);
    over.abort();
    if (!isLate) return;
    this.log.warn('handlers did not end in time: what they did is undone and comes again');
    await this.#orCut(Promise.all(this.databases.map(({ dataSource }) => abandonAll(dataSource, new Stopping()))));
  }

  /** A database that does not answer does not keep the process. */
  async #orCut(work: Promise<unknown>): Promise<void> {
    const cut = () => this.databases.forEach((database) => database.cut());
    const timer = setTimeout(cut, CUT_TIMEOUT_MS);
    await work.finally(() => clearTimeout(timer));
  }

  #open({ name, entities = [] }: BoundedContextOptions): CommandRunner {
    const url = this.options.urls.get(name)!;
    const { poolSize, statementTimeoutMs, prepared } = this.options;
    const pooler = this.options.poolers?.get(name);
    const lost = (err: Error) => this.log.warn({ err, module: name }, 'lost the connection that watches the outbox');
    const watch = new OutboxWatch(name, url, lost, statementTimeoutMs);
    const database = new Database({
      module: name,
      url,
      pooler,
      prepared,
      entities,
      poolSize,
      statementTimeoutMs,
      watch,
    });
    this.#databases.set(name, database);
    this.watches.set(name, watch);
    return new TransactionalRunner(
      database,
      (unit) => this.localEvents.drain(unit),
      () => watch.committed(),
      this.handlerTimeoutMs,
    );
  }

  #startConsumer(consumer: Consumer): void {
    const database = this.database(consumer.module);
    const guard = new StartGuard(consumer, database, this.askProducer, this.#rewound);
    this.guards.set(consumer.declared, guard);
    const worker = new ParkedWorker(consumer, database, this.#loopEvents, guard);
    this.#workers.set(consumer, worker);
    worker.start();
    for (const [producer, selection] of consumer.sources)
      for (const share of sharesOf(consumer.partitions)) {
        const feed = this.#feed(producer, consumer);
        const loop = new ConsumerLoop(consumer, feed, selection, database, this.#loopEvents, guard, share);
        this.loops.push(loop);
        this.#running.push(loop.run(this.#abort.signal));
      }
  }

  /** Somebody has changed the work table or the progress of a module by hand. */
  #onControlSignal(module: string, signal: Signal): void {
    if (signal === 'erased') this.onErased();
    if (signal === 'progress') {
      for (const guard of this.guards.values()) if (guard.rewound.length > 0) guard.distrust();
      for (const loop of this.loops) if (loop.module === module) loop.review();
    }
    if (signal === 'parked')
      for (const [consumer, worker] of this.#workers) if (consumer.module === module) worker.poke();
  }

  #addDueWork(module: string): void {
    const database = this.database(module);
    const committed = () => this.watches.get(module)!.committed();
    const schedules = this.schedules.filter((schedule) => schedule.module === module);
    this.dueLoops.push(new DueCommands(database, schedules, committed, this.#dueFailed(module, 'a due command')));
    const runners = this.sagas.filter((saga) => saga.module === module).map((saga) => saga.runner);
    const mayRun = (saga: string) => this.guards.get(saga)?.isOpen ?? true;
    const failed = this.#dueFailed(module, 'a timeout of a saga');
    if (runners.length > 0) this.dueLoops.push(new SagaTimeouts(runners, database, committed, failed, mayRun));
  }

  /** A database that is away, or takes no writes while its data moves, is waited for. */
  #dueFailed(module: string, what: string): (error: unknown) => void {
    return (err) => {
      const level = isConnectionFailure(err) ? 'warn' : 'error';
      this.log[level]({ err, module }, `${what} failed; it will be tried again`);
      this.options.onFailure?.(`${module}, ${what}`, err);
    };
  }

  /** The outbox of a module that runs here. */
  feedOf(module: string): { feed: Feed; watch: OutboxWatch } {
    const watch = this.watches.get(module)!;
    let feed = this.#feeds.get(module);
    if (!feed) this.#feeds.set(module, (feed = new LocalFeed(module, () => this.database(module).pool, watch)));
    return { feed, watch };
  }

  #feed(producer: string, consumer: Consumer): Feed {
    if (this.remotes.has(producer)) return this.#transport!.feed(producer, consumer.name);
    const { feed } = this.feedOf(producer);
    const { rehearsal } = this.options;
    return rehearsal?.crosses(producer, consumer.module) ? rehearsal.feed(feed) : feed;
  }

  #rehearsed(consumer: Consumer): Consumer {
    const { rehearsal } = this.options;
    const crosses = [...consumer.sources.keys()].some((producer) => rehearsal?.crosses(producer, consumer.module));
    return rehearsal && crosses ? rehearsal.consumer(consumer) : consumer;
  }

  /** What a producer knows of a consumer. @throws Unavailable when it does not answer */
  readonly askProducer: AskProducer = async (producer, names) => {
    const client = this.remotes.get(producer);
    return client ? await askRemote(client, names) : await knownOf(this.database(producer).pool, names);
  };

  /** Has a producer, wherever it runs, keep what a consumer is to hear again. @throws Unavailable, Conflict */
  async beginAgain(producer: string, begin: BeginAt): Promise<Beginning> {
    const client = this.remotes.get(producer);
    return client ? await beginRemote(client, begin) : await beginAgain(this.database(producer), begin);
  }

  /** Tells a producer that a consumer hears again what is beyond `position`. @throws Unavailable, Conflict */
  async knowLess(producer: string, names: string[], position: number): Promise<void> {
    const client = this.remotes.get(producer);
    if (client) return await lowerRemote(client, names, position);
    await knowLess(this.database(producer).pool, names, position);
  }

  readonly #rewound = (rewound: Rewound): void => {
    const { consumer, producer } = rewound;
    this.log.error({ consumer, producer }, whyRewound(rewound));
  };

  /** Whatever waited in vain is worth a look; the others come as they may. */
  readonly onIgnored = (ignored: Ignored): void => {
    const level = ignored.waitedMs > 0 ? 'warn' : 'debug';
    this.log[level](ignored, 'a message was ignored by a saga');
  };

  readonly #loopEvents: LoopEvents = {
    renamed: (consumer, name) => {
      if (this.consumers.some(({ declared }) => declared === name && declared !== consumer.declared))
        throw new ContractViolation(
          'LIFTOUT_CONSUMER_NAME_TAKEN',
          `${consumer.declared} is the former name of ${name}, whose progress it would use: choose another name.`,
        );
      consumer.name = name;
    },
    committed: (module, published, parked) => {
      if (published) this.watches.get(module)!.committed();
      if (parked) this.#workers.get(parked)!.poke();
    },
    failed: (consumer, err) => {
      this.log.warn({ err, consumer }, 'delivery failed; it will be tried again');
      this.options.onFailure?.(consumer, err);
    },
  };
}
