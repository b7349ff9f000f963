import { NotYet } from '../delivery/not-yet.js';
import type { Order } from '../delivery/consumer.js';
import type { Reply, StoredMessage } from '../delivery/message.js';
import { definitionOf } from '../messaging/define.js';
import { ContractViolation } from '../messaging/errors.js';
import { MAX_KEY_LENGTH } from '../messaging/plain/limits.js';
import { refuseUnstorable } from '../messaging/refuse-unstorable.js';
import type { Registry } from '../messaging/registry.js';
import { childContext, currentMessage, runInScope } from '../messaging/context.js';
import type { MessageContext } from '../messaging/context.js';
import { timingOut } from '../observability/seam-spans.js';
import { inOwnSpan, spanOf } from '../observability/spans.js';
import type { UnitOfWork } from '../persistence/unit-of-work.js';
import { noteReply, openState, takeDecision, textOf } from './instance.js';
import type { Decision, Saga } from './saga.js';
import type { SagaRow } from './saga-store.js';
import { insertSaga, lockSaga, saveSaga } from './saga-store.js';
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

  /**
   * Takes in an event or a reply.
   *
   * @param waitedMs how long it has waited for its instance to begin
   * @returns 'ignored' where it changes nothing: a second start, an event for an instance that does not exist
   * @throws NotYet for an event whose instance may still begin; Error for a reply to an instance that does not exist
   */
  async handle(message: StoredMessage, unit: UnitOfWork, waitedMs = 0): Promise<void | 'ignored'> {
    const subscription = this.saga.subscriptions.get(message.type)!;
    const value = this.#value(message);
    const { replyto } = message.headers;
    if (replyto && replyto.saga !== this.saga.name) return;
    const id = this.#idOf(message, value);
    const client = await unit.client();
    const row = await (subscription.starts ? insertSaga : lockSaga)(client, this.saga.name, id);
    if (!row) return this.#without(message, id, waitedMs);
    if (!subscription.starts) Object.assign(row, openState(this.saga, row));
    if (!subscription.correlate) noteReply(row, message.type, value as Reply);
    const heard = subscription.correlate ? message.type : `${message.type}: ${textOf(value as Reply)}`;
    const state = subscription.starts ? undefined : row.state;
    await this.#apply(row, this.saga.decide(state, message.type, value), unit, heard);
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
    await this.#inTrace(row, unit, async () => {
      const decision = this.saga.decideTimeout(row.state, row.timeout_name);
      await this.#apply(row, { timeout: null, ...decision }, unit, `timeout ${row.timeout_name}`);
    });
  }

  /** Goes on where the timeout was armed: same trace, same correlation. */
  async #inTrace(row: TimedOut, unit: UnitOfWork, work: () => Promise<void>): Promise<void> {
    const { timeout_headers: headers, timeout_name: name } = row;
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

  async #apply(row: SagaRow, decision: Decision<unknown>, unit: UnitOfWork, heard: string): Promise<void> {
    const commands = takeDecision(this.saga, row, decision);
    const replyTo = { saga: this.saga.name, id: row.id };
    spanOf(currentMessage())?.setAttributes({ 'liftout.saga': this.saga.name, 'liftout.saga.instance': row.id });
    for (const command of commands) unit.send(command, { key: row.id, replyTo });
    const timeout = decision.done && decision.timeout === undefined ? null : decision.timeout;
    await saveSaga(await unit.client(), row, timeout, {
      heard,
      ...(commands.length > 0 && { sent: commands.map((command) => definitionOf(command)!.name) }),
      ...(timeout && { timeout: timeout.name }),
    });
  }
}
