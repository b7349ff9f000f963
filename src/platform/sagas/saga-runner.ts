import type { Reply, StoredMessage } from '../delivery/message.js';
import { replyType } from '../delivery/message.js';
import { definitionOf } from '../messaging/define.js';
import { describeError } from '../messaging/describe-error.js';
import { ContractViolation } from '../messaging/errors.js';
import type { Registry } from '../messaging/registry.js';
import type { UnitOfWork } from '../persistence/unit-of-work.js';
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
    if (subscription.starts && !(await insertSaga(client, this.saga.name, id))) return;
    const row = await lockSaga(client, this.saga.name, id);
    if (!row) return;
    if (!subscription.correlate) noteReply(row, message.type, value as Reply);
    const state = subscription.starts ? undefined : row.state;
    const heard = subscription.correlate ? message.type : `${message.type}: ${textOf(value as Reply)}`;
    await this.#apply(row, this.saga.decide(state, message.type, value), unit, heard);
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
      await unit.nested(async () => {
        const decision = this.saga.decideTimeout(row.state, row.timeout_name!);
        await this.#apply(row, { timeout: null, ...decision }, unit, heard);
      });
      return { id: row.id };
    } catch (error) {
      await postponeTimeout(client, row, RETRY_MS, { heard, error: describeError(error) });
      return { id: row.id, error };
    }
  }

  #value(message: StoredMessage): object {
    const Event = this.registry.classOf(message.type);
    return Event ? new Event(message.payload as never) : message.payload;
  }

  async #apply(row: SagaRow, decision: Decision<unknown>, unit: UnitOfWork, heard: string): Promise<void> {
    if (decision.state !== undefined) row.state = this.saga.schema.parse(decision.state);
    const before = row.steps.length;
    this.#send(row, decision.send ?? [], unit);
    if (decision.compensate) this.#compensate(row, unit);
    if (decision.done) row.ended = true;
    row.status = statusOf(row);
    const timeout = decision.done && decision.timeout === undefined ? null : decision.timeout;
    const sent = row.steps.slice(before).map((step) => step.command);
    await saveSaga(await unit.client(), row, timeout, {
      heard,
      ...(sent.length > 0 && { sent }),
      ...(timeout && { timeout: timeout.name }),
    });
  }

  #send(row: SagaRow, commands: readonly object[], unit: UnitOfWork, undo = false): void {
    for (const command of commands) {
      const { name } = definitionOf(command)!;
      if (!this.saga.subscriptions.has(replyType(name)))
        throw new ContractViolation(`${this.saga.name} sends ${name}: say with onReply what its answer means.`);
      unit.send(command, { key: row.id, replyTo: { saga: this.saga.name, id: row.id } });
      row.steps.push({ command: name, outcome: 'sent', ...(undo && { undo }) });
    }
  }

  /** A step that has not answered yet is undone too: commands with one key are handled in the order they were sent. */
  #compensate(row: SagaRow, unit: UnitOfWork): void {
    const effective = row.steps.filter((step) => !step.undo && ['sent', 'ok', 'given_up'].includes(step.outcome));
    const newestFirst = new Set(effective.map((step) => step.command).reverse());
    for (const step of effective) step.outcome = 'undone';
    const undo = [...newestFirst].map((step) => this.saga.compensation(step, row.state));
    this.#send(
      row,
      undo.filter((command) => command !== undefined),
      unit,
      true,
    );
  }
}

/** An instance that has ended is done when everything that undoes its steps has succeeded. */
function statusOf(row: SagaRow): SagaRow['status'] {
  const undoing = row.steps.filter((step) => step.undo);
  if (row.ended && undoing.every((step) => step.outcome === 'ok')) return 'done';
  return undoing.length > 0 ? 'compensating' : 'running';
}

/** A command that was given up may still be answered: a person can have it tried again. */
function noteReply(row: SagaRow, type: string, reply: Reply): void {
  const own = row.steps.filter((step) => `${step.command}.reply` === type);
  const step = own.find((each) => each.outcome === 'sent') ?? own.find((each) => each.outcome === 'given_up');
  if (step) step.outcome = reply.ok ? 'ok' : reply.dead ? 'given_up' : 'error';
}

const textOf = (reply: Reply) => (reply.ok ? 'ok' : reply.dead ? 'given up' : reply.error.code);
