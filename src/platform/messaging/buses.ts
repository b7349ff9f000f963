import { Injectable } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { ICommand, IEvent, IQuery } from '@nestjs/cqrs';
import { CommandBus, EventBus, QueryBus, UnhandledExceptionBus } from '@nestjs/cqrs';
import type { SendOptions, Unit } from './context/context.js';
import { activeScope } from './context/context.js';
import type { Dispatcher } from './dispatcher.js';
import { ContractViolation } from './errors.js';

/** The `CommandBus` of @nestjs/cqrs, over the seam: see {@link Dispatcher.ask}. */
export class SeamCommandBus extends CommandBus {
  constructor(
    moduleRef: ModuleRef,
    private readonly dispatcher: Dispatcher,
  ) {
    super(moduleRef);
  }

  override execute(command: ICommand): Promise<never> {
    return this.dispatcher.ask(command) as Promise<never>;
  }
}

/** The `QueryBus` of @nestjs/cqrs, over the seam: see {@link Dispatcher.ask}. */
export class SeamQueryBus extends QueryBus {
  constructor(
    moduleRef: ModuleRef,
    private readonly dispatcher: Dispatcher,
  ) {
    super(moduleRef);
  }

  override execute(query: IQuery): Promise<never> {
    return this.dispatcher.ask(query) as Promise<never>;
  }
}

/**
 * The `EventBus` of @nestjs/cqrs, bound to the unit of work: what is published is buffered there. Durable events go out
 * with the commit; local domain events are handled before it, see {@link LocalEvents}.
 */
export class UnitEventBus extends EventBus {
  constructor(commandBus: CommandBus, moduleRef: ModuleRef) {
    super(commandBus, moduleRef, new UnhandledExceptionBus());
  }

  override publish(event: IEvent): void {
    runningUnit('Events are published').publish(event);
  }

  override publishAll(events: IEvent[]): void {
    for (const event of events) this.publish(event);
  }
}

/**
 * Sends durable commands: rows of the outbox, addressed to the module that handles them.
 *
 * @example
 * this.outbox.send(new SendLetter({ letterId, to }), { key: letterId }); // goes out with the commit
 */
@Injectable()
export class Outbox {
  /**
   * Sends a command with the commit of the running unit of work, or later: it is stored with the commit, and nothing
   * calls it back; let its handler look whether it is still wanted. It is handled once in effect, whatever crashes.
   *
   * @param options `key`: commands with the same key are handled in the order they were sent; `after`, such as `'3 days'`,
   *   or `at`, a `Date`: when it is sent, by the clock of the database server
   * @throws ContractViolation outside of a unit of work, and where `after` or `at` is no time
   * @example this.outbox.send(new AskForRating({ letterId }), { after: '3 days' });
   */
  send(command: ICommand, options: Omit<SendOptions, 'replyTo'> = {}): void {
    runningUnit('Durable commands are sent').send(command, options);
  }
}

function runningUnit(what: string): Unit {
  const unit = activeScope()?.unit;
  if (!unit) {
    throw new ContractViolation(
      'LIFTOUT_OUTSIDE_OF_HANDLER',
      `${what} inside a command or event handler, so that they go out with its state or not at all.`,
    );
  }
  return unit;
}
