import type { Reply, StoredMessage } from '../delivery/message.js';
import { definitionOf } from '../messaging/define.js';
import { describeError } from '../messaging/describe-error.js';
import type { Registry } from '../messaging/registry.js';
import { childContext, currentMessage, runInScope } from '../messaging/context.js';
import type { MessageContext } from '../messaging/context.js';
import { timingOut } from '../observability/seam-spans.js';
import { inOwnSpan, spanOf } from '../observability/spans.js';
import type { UnitOfWork } from '../persistence/unit-of-work.js';
import { noteReply, takeDecision, textOf } from './instance.js';
import type { Decision, Saga } from './saga.js';
import type { SagaRow } from './saga-store.js';
import { insertSaga, lockSaga, lockTimedOut, postponeTimeout, saveSaga } from './saga-store.js';

/** How soon a timeout that could not be handled is tried again. */
const RETRY_MS = 30_000;

/** Loads an instance, lets it decide, saves it and sends its commands: all in the unit of work it is given. */
export class SagaRunner {
  constructor(
    readonly saga: Saga<unknown>,
    private readonly registry: Registry,
  ) {}

  /** Takes in an event or a reply. Messages for instances that do not exist are ignored, a second start too. */
  async handle(message: StoredMessage, unit: UnitOfWork): Promise<void> {
    const subscription = this.saga.subscriptions.get(message.type)!;
    const value = this.#value(message);
    const { replyto } = message.headers;
    if (replyto && replyto.saga !== this.saga.name) return;
    const id = subscription.correlate?.(value as never) ?? replyto!.id;
    const client = await unit.client();
    const row = await (subscription.starts ? insertSaga : lockSaga)(client, this.saga.name, id);
    if (!row) return;
    if (!subscription.correlate) noteReply(row, message.type, value as Reply);
    const state = subscription.starts ? undefined : row.state;
    const heard = subscription.correlate ? message.type : `${message.type}: ${textOf(value as Reply)}`;
    await this.#apply(row, this.saga.decide(state, message.type, value), unit, heard);
  }

  /** The id of the instance that a message is for. */
  instanceOf(message: StoredMessage): string {
    const { correlate } = this.saga.subscriptions.get(message.type)!;
    return correlate ? correlate(this.#value(message) as never) : message.headers.replyto!.id;
  }

  /**
   * Takes in one timeout that has passed.
   * @returns `undefined` when none was due, else whether it could be handled; if not it is tried again later
   */
  async handleTimeout(unit: UnitOfWork): Promise<{ id: string; error?: unknown } | undefined> {
    const client = await unit.client();
    const row = await lockTimedOut(client, [this.saga.name]);
    if (!row) return undefined;
    const heard = `timeout ${row.timeout_name!}`;
    try {
      await this.#inTrace(row, unit, () =>
        unit.nested(async () => {
          const decision = this.saga.decideTimeout(row.state, row.timeout_name!);
          await this.#apply(row, { timeout: null, ...decision }, unit, heard);
        }),
      );
      return { id: row.id };
    } catch (error) {
      await postponeTimeout(client, row, RETRY_MS, { heard, error: describeError(error) });
      return { id: row.id, error };
    }
  }

  /** Goes on where the timeout was armed: same trace, same correlation. */
  async #inTrace(row: SagaRow, unit: UnitOfWork, work: () => Promise<void>): Promise<void> {
    const { timeout_headers: headers, timeout_name: name } = row;
    const from: Partial<MessageContext> = headers
      ? { correlationId: headers.correlationid, causationId: headers.causationid, traceparent: headers.traceparent }
      : {};
    const context = childContext(`${this.saga.name}.timeout`, unit.module, from);
    const spec = () => timingOut(this.saga.name, name!, unit.module);
    await inOwnSpan(context, spec, (own) => runInScope(own, unit, work));
  }

  #value(message: StoredMessage): object {
    const Event = this.registry.classOf(message.type);
    return Event ? new Event(message.payload as never) : message.payload;
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
