import { NotYet } from '../delivery/consumer/not-yet.js';
import type { Order } from '../delivery/consumer/consumer.js';
import type { Reply, StoredMessage } from '../transaction/message.js';
import { definitionOf } from '../messaging/define.js';
import { ContractViolation } from '../messaging/errors.js';
import { MAX_KEY_LENGTH } from '../messaging/plain/limits.js';
import { refuseUnstorable } from '../messaging/refuse-unstorable.js';
import type { Registry } from '../messaging/registry.js';
import { childContext, currentMessage, runInScope } from '../messaging/context/context.js';
import type { MessageContext } from '../messaging/context/context.js';
import { timingOut } from '../observability/seam-spans.js';
import { inOwnSpan, spanOf } from '../observability/spans.js';
import type { UnitOfWork } from '../transaction/unit-of-work.js';
import { noteReply, openState, takeDecision, textOf, withoutPassed } from './instance.js';
import type { Decision, Saga } from './saga.js';
import { Instances } from './instances.js';
import type { Loaded } from './saga-store.js';
import { loaded, noteMoment, saveSagas, storedState } from './saga-store.js';
import type { TimedOut } from './timeout-store.js';

/** How soon an early event is looked at again: its instance may begin in a transaction that is under way. */
const FIRST_WAIT_MS = 1000;

/** A message that changed nothing, and why. */
export interface Ignored {
  saga: string;
  instance: string;
  type: string;
  messageId: string;
  /** Milliseconds that it waited for the instance to begin; 0 where it could not begin any more. */
  waitedMs: number;
  why: 'the instance has begun already' | 'there is no such instance';
}

/** Loads an instance, lets it decide, saves it and sends its commands: all in the unit of work it is given. */
export class SagaRunner {
  /** @param onIgnored is told of every message that changes nothing */
  constructor(
    readonly saga: Saga<unknown>,
    private readonly registry: Registry,
    private readonly onIgnored: (ignored: Ignored) => void,
  ) {}

  /** As {@link take}, with one message in a unit of its own: what it changes is saved. */
  async handle(message: StoredMessage, unit: UnitOfWork, waitedMs = 0): Promise<void | 'ignored'> {
    const instances = await this.load([message], unit);
    const result = this.take(message, unit, instances, waitedMs);
    await instances.save();
    return result;
  }

  /** The instances that messages are for. @throws ContractViolation where one is for none */
  async load(messages: readonly StoredMessage[], unit: UnitOfWork): Promise<Instances> {
    const own = messages.filter((message) => this.#concerns(message));
    const ids = (starts: boolean) =>
      new Set(own.filter((each) => this.#starts(each) === starts).map((each) => this.instanceOf(each)));
    return await Instances.load(await unit.client(), this.saga.name, { begun: ids(true), known: ids(false) });
  }

  /**
   * Takes in an event or a reply.
   *
   * @param instances with the one that it is for
   * @param waitedMs how long it has waited for its instance to begin
   * @returns 'ignored' where it changes nothing: a second start, an event for an instance that does not exist
   * @throws NotYet for an event whose instance may still begin; Error for a reply to an instance that does not exist
   */
  take(message: StoredMessage, unit: UnitOfWork, instances: Instances, waitedMs = 0): void | 'ignored' {
    if (!this.#concerns(message)) return;
    const { starts, correlate } = this.saga.subscriptions.get(message.type)!;
    const value = this.#value(message);
    const id = this.#idOf(message, value);
    const instance = starts ? instances.begin(id) : instances.get(id);
    if (!instance) return this.#without(message, id, waitedMs);
    const { row } = instance;
    if (!starts) this.#open(instance);
    if (!correlate) noteReply(row, message.type, value as Reply);
    const heard = correlate ? message.type : `${message.type}: ${textOf(value as Reply)}`;
    const moment = { at: new Date(message.created_at) };
    this.#apply(instance, this.saga.decide(starts ? undefined : row.state, message.type, value, moment), unit, heard);
  }

  /** As it is stored, or would be after the messages before. */
  #open({ row, moments }: Loaded): void {
    if (moments.length > 0) row.state = JSON.parse(storedState(row));
    Object.assign(row, openState(this.saga, row));
  }

  /** Whether it is for this saga: several of a module may await replies to the same command. */
  #concerns({ headers: { replyto } }: StoredMessage): boolean {
    return !replyto || replyto.saga === this.saga.name;
  }

  #starts({ type }: StoredMessage): boolean {
    return this.saga.subscriptions.get(type)!.starts;
  }

  /** The id of the instance that a message is for. @throws ContractViolation when it is none */
  instanceOf(message: StoredMessage): string {
    return this.#idOf(message, this.#value(message));
  }

  #idOf(message: StoredMessage, value: object): string {
    const { correlate } = this.saga.subscriptions.get(message.type)!;
    const id: unknown = correlate ? correlate(value as never) : message.headers.replyto!.id;
    const what = `The id of an instance of ${this.saga.name}, told by ${message.type},`;
    if (typeof id !== 'string' || id === '' || id.length > MAX_KEY_LENGTH)
      throw new ContractViolation(
        'LIFTOUT_SAGA_ID_INVALID',
        `${what} has to be a text of 1 to ${MAX_KEY_LENGTH} characters.`,
      );
    refuseUnstorable(what, id);
    return id;
  }

  /** What a message waits for, and what waits for it; `undefined` for one that this version cannot read. */
  orderOf(message: StoredMessage): Order | undefined {
    try {
      return { key: this.instanceOf(message), begins: this.saga.subscriptions.get(message.type)!.starts };
    } catch {
      return undefined;
    }
  }

  /** Takes in a timeout that has passed. */
  async handleTimeout(row: TimedOut, unit: UnitOfWork): Promise<void> {
    Object.assign(row, openState(this.saga, row));
    const instance = loaded(row);
    await this.#inTrace(row, unit, async () => {
      const decision = this.saga.decideTimeout(row.state, row.name, { at: row.dueAt });
      this.#apply(instance, withoutPassed(decision, row), unit, `timeout ${row.name}`);
      await saveSagas(await unit.client(), this.saga.name, [instance]);
    });
  }

  /** Goes on where the timeout was armed: same trace, same correlation. */
  async #inTrace(row: TimedOut, unit: UnitOfWork, work: () => Promise<void>): Promise<void> {
    const { headers, name } = row;
    const from: Partial<MessageContext> = headers
      ? { correlationId: headers.correlationid, causationId: headers.causationid, traceparent: headers.traceparent }
      : {};
    const context = childContext(`${this.saga.name}.timeout`, unit.module, from);
    const spec = () => timingOut(this.saga.name, name, unit.module);
    await inOwnSpan(context, spec, (own) => runInScope(own, unit, work));
  }

  #value(message: StoredMessage): object {
    const Event = this.registry.classOf(message.type);
    return Event ? new Event(message.payload as never) : message.payload;
  }

  /** A start whose instance exists, or another message whose instance does not. */
  #without(message: StoredMessage, id: string, waitedMs: number): 'ignored' {
    const { correlate, starts } = this.saga.subscriptions.get(message.type)!;
    if (!correlate) throw new Error(`${this.saga.name} ${id} does not exist, but it was sent ${message.type}.`);
    const waitMs = starts ? 0 : this.saga.waitMs(message.type);
    if (waitedMs < waitMs) {
      const restMs = waitMs - waitedMs;
      throw new NotYet(waitedMs > 0 ? restMs : Math.min(FIRST_WAIT_MS, restMs), `${this.saga.name} ${id} to begin`);
    }
    const why = starts ? 'the instance has begun already' : 'there is no such instance';
    const { id: messageId, type } = message;
    this.onIgnored({ saga: this.saga.name, instance: id, type, messageId, waitedMs: waitMs, why });
    return 'ignored';
  }

  #apply(instance: Loaded, decision: Decision<unknown>, unit: UnitOfWork, heard: string): void {
    const { row } = instance;
    const commands = takeDecision(this.saga, row, decision);
    const replyTo = { saga: this.saga.name, id: row.id };
    spanOf(currentMessage())?.setAttributes({ 'liftout.saga': this.saga.name, 'liftout.saga.instance': row.id });
    for (const command of commands) unit.send(command, { key: row.id, replyTo });
    const timeout = decision.done && decision.timeout === undefined ? null : decision.timeout;
    const { timeouts = {} } = decision;
    const armed = [...(timeout ? [timeout.name] : []), ...Object.keys(timeouts).filter((name) => timeouts[name])];
    noteMoment(
      instance,
      { timeout, timeouts },
      {
        heard,
        ...(commands.length > 0 && { sent: commands.map((command) => definitionOf(command)!.name) }),
        ...(armed.length > 0 && { timeout: armed.join(', ') }),
      },
    );
  }
}
