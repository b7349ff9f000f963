import type { StoredMessage } from '../delivery/message.js';
import type { Reply } from '../delivery/message.js';
import { definitionOf } from '../messaging/define.js';
import type { Registry } from '../messaging/registry.js';
import type { UnitOfWork } from '../persistence/unit-of-work.js';
import type { Decision, Saga } from './saga.js';
import type { SagaRow } from './saga-store.js';
import { insertSaga, lockSaga, lockTimedOut, saveSaga } from './saga-store.js';

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
    if (subscription.starts && !(await insertSaga(client, this.saga.name, id))) return;
    const row = await lockSaga(client, this.saga.name, id);
    if (!row) return;
    if (!subscription.correlate) noteReply(row, message.type, value as Reply);
    const state = subscription.starts ? undefined : row.state;
    await this.#apply(row, this.saga.decide(state, message.type, value), unit);
  }

  /** Takes in one timeout that has passed. @returns the instance's id; `undefined` when none was due */
  async handleTimeout(unit: UnitOfWork): Promise<string | undefined> {
    const row = await lockTimedOut(await unit.client(), [this.saga.name]);
    if (!row) return undefined;
    const decision = this.saga.decideTimeout(row.state, row.timeout_name!);
    await this.#apply(row, { timeout: null, ...decision }, unit);
    return row.id;
  }

  #value(message: StoredMessage): object {
    const Event = this.registry.classOf(message.type);
    return Event ? new Event(message.payload as never) : message.payload;
  }

  async #apply(row: SagaRow, decision: Decision<unknown>, unit: UnitOfWork): Promise<void> {
    if (decision.state !== undefined) row.state = this.saga.schema.parse(decision.state);
    this.#send(row, decision.send ?? [], unit);
    if (decision.compensate) this.#compensate(row, unit);
    if (decision.done) row.status = 'done';
    const timeout = decision.done && decision.timeout === undefined ? null : decision.timeout;
    await saveSaga(await unit.client(), row, timeout);
  }

  #send(row: SagaRow, commands: readonly object[], unit: UnitOfWork): void {
    for (const command of commands) {
      unit.send(command, { key: row.id, replyTo: { saga: this.saga.name, id: row.id } });
      row.steps.push({ command: definitionOf(command)!.name, outcome: 'sent' });
    }
  }

  /** A step that has not answered yet is undone too: commands with one key are handled in the order they were sent. */
  #compensate(row: SagaRow, unit: UnitOfWork): void {
    row.status = 'compensating';
    const effective = row.steps.filter((step) => step.outcome === 'sent' || step.outcome === 'ok');
    const newestFirst = new Set(effective.map((step) => step.command).reverse());
    for (const step of effective) step.outcome = 'undone';
    const undo = [...newestFirst].map((step) => this.saga.compensation(step, row.state));
    this.#send(
      row,
      undo.filter((command) => command !== undefined),
      unit,
    );
  }
}

function noteReply(row: SagaRow, type: string, reply: Reply): void {
  const step = row.steps.find((sent) => sent.outcome === 'sent' && `${sent.command}.reply` === type);
  // A step that was given up may have had its effect in part of its attempts: it stays to be undone.
  if (step && !(reply.ok === false && reply.dead)) step.outcome = reply.ok ? 'ok' : 'error';
}
