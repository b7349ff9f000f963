import type { IEventHandler } from '@nestjs/cqrs';
import type { Dispatcher } from '../../messaging/dispatcher.js';
import type { MessageContext } from '../../messaging/context/context.js';
import { childContext, newScope, runInScope } from '../../messaging/context/context.js';
import type { MessageClass } from '../../messaging/define.js';
import { ContractViolation } from '../../messaging/errors.js';
import type { LocalEvents } from '../../messaging/local-events.js';
import { EXTERNAL_TIMEOUT_MS, runLimited } from '../../messaging/context/time-limit.js';
import { storable } from '../../messaging/plain/storable.js';
import type { UnitOfWork } from '../../transaction/unit-of-work.js';
import type { SagaRunner } from '../../sagas/saga-runner.js';
import type { Consumer } from './consumer.js';
import { DEFAULT_RETRY, keyByKey, oneByOne } from './consumer.js';
import type { Selection, Typed } from '../checkpoint/coverage.js';
import { filterOf } from '../checkpoint/coverage.js';
import type { Reply, StoredMessage } from '../../transaction/message.js';
import { NotYet } from './not-yet.js';
import { park } from '../retry/parked.js';
import { contextOf, replyRow, replyType, streams } from '../../transaction/message.js';
import type { SubscriptionOptions } from './subscription.js';
import { traced, tracedBatch } from './traced.js';

interface EventHandler extends IEventHandler {
  /**
   * Takes a whole batch at once, where the handler has a better way than one by one.
   * @param contexts of the events, in the same order
   */
  handleBatch?(events: readonly object[], contexts: readonly MessageContext[]): Promise<void>;
  /** Empties a read model before it is built again from the start. */
  reset?(): Promise<void>;
}

/**
 * A handler of durable events, as a consumer of their producers.
 * @param handlerTimeoutMs how long a handler may take whose work is a transaction, unless it says so itself
 */
export function eventConsumer(
  module: string,
  options: SubscriptionOptions,
  types: readonly MessageClass[],
  handler: EventHandler,
  local: LocalEvents,
  handlerTimeoutMs: number,
): Consumer {
  const timeoutMs = options.timeoutMs ?? (options.external ? EXTERNAL_TIMEOUT_MS : handlerTimeoutMs);
  const classes = new Map(types.map((type) => [type.definition.name, type]));
  const eventOf = ({ type, payload }: StoredMessage) => new (classes.get(type)!)(payload as never);
  const inScope = async (message: StoredMessage, unit: UnitOfWork | undefined, work: () => Promise<void>) => {
    const before = unit?.pendingMessages;
    const context = contextOf(message, module, unit ? {} : { key: message.id, repeatedBy: 'message' });
    await runLimited(timeoutMs, newScope(context, unit), async () => {
      await work();
      if (unit?.hasLocalEvents) await local.drain(unit);
    });
    if (!options.rebuildable || unit!.pendingMessages === before) return;
    throw new ContractViolation(
      'LIFTOUT_REBUILDABLE_PUBLISHES',
      `${module}.${options.name} is rebuildable: it may neither publish nor send.`,
    );
  };
  const named = { name: `${module}.${options.name}`, module };
  let name = named.name;
  const one = {
    handle: traced(named, (message, unit) =>
      inScope(message, unit, async () => await handler.handle(eventOf(message))),
    ),
  };
  const atOnce = tracedBatch(named, (messages, unit) =>
    inScope(messages[0]!, unit, async () => {
      await handler.handleBatch!(
        messages.map(eventOf),
        messages.map((message) => contextOf(message, module)),
      );
    }),
  );
  return {
    ...one,
    // What wraps the consumer gets to know its new name as well.
    get name() {
      return name;
    },
    set name(other) {
      name = other;
    },
    declared: named.name,
    formerly: options.formerly === undefined ? undefined : `${module}.${options.formerly}`,
    module,
    types: new Set(classes.keys()),
    sources: grouped(eventSources(types)),
    external: options.external ?? false,
    rebuildable: options.rebuildable ?? false,
    retry: { ...DEFAULT_RETRY, ...options.retry },
    timeoutMs,
    partitions: options.partitions ?? 1,
    handleBatch(messages, unit, isOver) {
      if (handler.handleBatch) return atOnce(messages, unit, isOver);
      return (options.pipelined ? keyByKey : oneByOne)(one, messages, unit, isOver);
    },
    async reset(unit) {
      const context = childContext(`${module}.${options.name}.reset`, module);
      await runInScope(context, unit, async () => await handler.reset?.());
    },
  };
}

/**
 * The durable commands that other modules, or its own sagas, send to a module. Each is answered with its effect. One that
 * this version does not know waits for one that does, and is given up when none has come for a while: its sender waits.
 */
export function commandInbox(
  module: string,
  commands: readonly MessageClass[],
  senders: readonly string[],
  dispatcher: Dispatcher,
  local: LocalEvents,
  timeoutMs: number,
): Consumer {
  const classes = new Map(commands.map((type) => [type.definition.name, type]));
  const filter = { streams: [streams.commands(module)], types: [], typed: [] };
  const commandOf = ({ type, payload }: StoredMessage) => new (classes.get(type)!)(payload as never);
  return withBatches({
    name: `${module}.commands`,
    declared: `${module}.commands`,
    module,
    types: new Set(classes.keys()),
    sources: new Map(senders.map((sender) => [sender, filter])),
    external: false,
    rebuildable: false,
    retry: DEFAULT_RETRY,
    timeoutMs,
    partitions: 1,
    async handle(message, unit) {
      const command = commandOf(message);
      // The unit is this module's own: a typed error undoes what the handler did, and is the answer.
      const outcome = await runLimited(timeoutMs, newScope(contextOf(message, module), unit), async () => {
        const answer = await dispatcher.answer(contextOf(message, module), command);
        await local.drain(unit!);
        return answer;
      });
      answer(message, outcome.ok ? { ok: true, result: outcome.result ?? null } : outcome, module, unit!);
    },
    givenUp(message, error, unit) {
      const wire = { kind: 'conflict', code: 'given_up', message: storable(error), details: {} } as const;
      answer(message, { ok: false, error: wire, dead: true }, module, unit);
    },
  });
}

/** A saga, as a consumer of its events and of the replies to its commands. */
export function sagaConsumer(module: string, runner: SagaRunner, timeoutMs: number): Consumer {
  const { saga } = runner;
  const named = { name: saga.name, module };
  const inScope = <T>(message: StoredMessage, unit: UnitOfWork | undefined, work: () => Promise<T>) =>
    runLimited(timeoutMs, newScope(contextOf(message, module), unit), work);
  const consumer: Consumer = {
    ...named,
    declared: saga.name,
    types: new Set(saga.subscriptions.keys()),
    sources: grouped([...eventSources(saga.events), ...replySources(module, saga.commands)]),
    external: false,
    rebuildable: false,
    retry: DEFAULT_RETRY,
    timeoutMs,
    partitions: 1,
    order: (message) => runner.orderOf(message),
    handle: traced(named, (message, unit, waitedMs) =>
      inScope(message, unit, () => runner.handle(message, unit!, waitedMs)),
    ),
    handleBatch,
  };
  return consumer;

  /** Decisions ask nobody: a batch loads its instances at once, decides, and saves them at once. */
  async function handleBatch(messages: readonly StoredMessage[], unit: UnitOfWork): Promise<[]> {
    const instances = await runner.load(messages, unit);
    const take = traced(named, (message) => inScope(message, unit, async () => runner.take(message, unit, instances)));
    for (const message of messages)
      await take(message, unit).catch(async (error: unknown) => await parkEarly(error, message, unit));
    await instances.save();
    return [];
  }

  /** The whole batch need not be undone for a message that only comes too early. */
  async function parkEarly(error: unknown, message: StoredMessage, unit: UnitOfWork): Promise<void> {
    if (!(error instanceof NotYet)) throw error;
    await park(await unit.client(), consumer, { message, dueInMs: error.afterMs, waitsFor: error.message });
  }
}

function withBatches(consumer: Omit<Consumer, 'handleBatch'>, inBatches = oneByOne): Consumer {
  const one = { handle: traced(consumer, consumer.handle.bind(consumer)) };
  return { ...consumer, ...one, handleBatch: (messages, unit, isOver) => inBatches(one, messages, unit, isOver) };
}

function answer(command: StoredMessage, reply: Reply, module: string, unit: UnitOfWork): void {
  const row = runInScope(contextOf(command, module), unit, () => replyRow(command, reply));
  if (row) unit.append(row);
}

interface Source extends Typed {
  producer: string;
}

function eventSources(types: readonly MessageClass[]): Source[] {
  return types.map(({ definition: { module, name } }) => ({
    producer: module,
    stream: streams.events(module),
    type: name,
  }));
}

function replySources(receiver: string, commands: readonly MessageClass[]): Source[] {
  const stream = streams.replies(receiver);
  return commands.map(({ definition }) => ({ producer: definition.module, stream, type: replyType(definition.name) }));
}

/** One selection for each producer. */
function grouped(sources: readonly Source[]): Map<string, Selection> {
  const producers = [...new Set(sources.map((source) => source.producer))];
  return new Map(
    producers.map((producer) => {
      const own = sources.filter((source) => source.producer === producer);
      const typed = own.map(({ stream, type }) => ({ stream, type }));
      return [producer, { ...filterOf(typed), typed }];
    }),
  );
}
