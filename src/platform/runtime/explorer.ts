import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { IEventHandler } from '@nestjs/cqrs';
import { contextOptions } from '../bounded-context.js';
import { commandInbox, eventConsumer, sagaConsumer } from '../delivery/consumer/consumers.js';
import { subscriptionOf } from '../delivery/consumer/subscription.js';
import { Eraser } from '../erasure/eraser.js';
import type { MessageClass } from '../messaging/define.js';
import { definitionOf } from '../messaging/define.js';
import { HANDLED } from '../messaging/handler-metadata.js';
import type { Runtime } from './runtime.js';
import { scheduleOf } from '../schedules/schedule.js';
import { schedulesOf } from '../schedules/scheduled.js';
import { Saga } from '../sagas/saga.js';
import { SagaRunner } from '../sagas/saga-runner.js';

interface Executes {
  execute(message: object): Promise<unknown>;
}

/**
 * Finds the handlers, subscriptions and sagas in the modules of the container and registers them.
 * @throws WiringError that lists everything that does not fit together
 */
export function explore(container: ModulesContainer, runtime: Runtime): void {
  const running = new Set<string>();
  for (const module of container.values()) {
    const context = contextOptions(module.metatype);
    if (!context) continue;
    running.add(context.name);
    const instances = [...module.providers.values()].map((wrapper) => wrapper.instance as object | undefined);
    for (const instance of instances)
      if (instance && typeof instance === 'object') registerProvider(context.name, instance, runtime);
  }
  refuseSameNames(runtime);
  runtime.registry.verify(running);
  for (const module of running) addInbox(module, runtime);
}

function registerProvider(module: string, instance: object, runtime: Runtime): void {
  const type = instance.constructor;
  const { registry } = runtime;
  for (const kind of ['command', 'query'] as const) {
    const message: unknown = Reflect.getMetadata(HANDLED[kind], type);
    if (message) registry.addHandler(module, kind, message, (payload) => (instance as Executes).execute(payload));
  }
  registerSchedules(module, type as Type, runtime);
  const events = Reflect.getMetadata(HANDLED.events, type) as Type[] | undefined;
  if (events) registerEvents(module, instance as IEventHandler, events, runtime);
  if (instance instanceof Saga) registerSaga(module, instance, runtime);
  if (instance instanceof Eraser) runtime.erasers.push({ module, eraser: instance });
}

function registerEvents(module: string, handler: IEventHandler, events: readonly Type[], runtime: Runtime): void {
  const durable = events.filter((event) => definitionOf(event)) as unknown as MessageClass[];
  for (const event of events) if (!definitionOf(event)) runtime.localEvents.add(event, handler);
  if (durable.length === 0) return;
  for (const event of durable) runtime.registry.addSubscription(module, event);
  const options = subscriptionOf(handler.constructor);
  if (options)
    runtime.consumers.push(
      eventConsumer(module, options, durable, handler, runtime.localEvents, runtime.handlerTimeoutMs),
    );
  else
    runtime.registry.addProblem(
      `${handler.constructor.name} of ${module} handles durable events: name it with @Subscription({ name: '…' })`,
    );
}

function registerSaga(module: string, saga: Saga<unknown>, runtime: Runtime): void {
  if (!saga.name.startsWith(`${module}.`))
    runtime.registry.addProblem(`the saga ${saga.name} is in ${module}: name it ${module}.…`);
  for (const event of saga.events) runtime.registry.addSubscription(module, event);
  const runner = new SagaRunner(saga, runtime.registry, runtime.onIgnored);
  runtime.sagas.push({ module, runner });
  runtime.consumers.push(sagaConsumer(module, runner, runtime.handlerTimeoutMs));
}

function registerSchedules(module: string, type: Type, { schedules, registry }: Runtime): void {
  for (const options of schedulesOf(type)) {
    try {
      const schedule = scheduleOf(module, type, options);
      if (schedules.some((other) => other.module === module && other.name === schedule.name))
        registry.addProblem(`two schedules of ${module} are named ${schedule.name}: give one another name`);
      schedules.push(schedule);
    } catch (error) {
      registry.addProblem((error as Error).message);
    }
  }
}

/** Every module may send durable commands, its own sagas among them. */
function addInbox(module: string, runtime: Runtime): void {
  const commands = runtime.registry.commandsOf(module);
  if (commands.length === 0) return;
  const senders = runtime.contexts.map((context) => context.name);
  const { consumers, dispatcher, localEvents, handlerTimeoutMs } = runtime;
  consumers.push(commandInbox(module, commands, senders, dispatcher, localEvents, handlerTimeoutMs));
}

function refuseSameNames({ consumers, registry }: Runtime): void {
  const seen = new Set<string>();
  for (const { name } of consumers) {
    if (seen.has(name)) registry.addProblem(`two subscriptions are named ${name}: their progress would be mixed up`);
    seen.add(name);
  }
  const followed = new Set<string>();
  for (const { name, formerly } of consumers) {
    if (formerly === undefined) continue;
    if (seen.has(formerly) || followed.has(formerly))
      registry.addProblem(
        `${name} says that it was formerly ${formerly}, and so does, or is, another subscription: give that one another name`,
      );
    followed.add(formerly);
  }
}
