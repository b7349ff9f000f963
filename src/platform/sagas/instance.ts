import { z } from 'zod';
import type { Reply } from '../transaction/message.js';
import { replyType } from '../transaction/message.js';
import { definitionOf } from '../messaging/define.js';
import { ContractViolation } from '../messaging/errors.js';
import { refuseUnstorable } from '../messaging/refuse-unstorable.js';
import type { Decision, Saga, When } from './saga.js';
import type { SagaRow, Step } from './saga-store.js';

/** What decisions change of an instance. */
export type Instance = Pick<SagaRow, 'state' | 'steps' | 'status' | 'ended'>;

/**
 * The state of an instance by the schema of this version, which an older or a newer one may have stored: defaults are
 * filled in. Fields that this version does not know are kept beside it.
 *
 * @throws Error when the stored state does not fit: the message is retried, and becomes a dead letter
 */
export function openState(saga: Saga<unknown>, { id, state: stored }: Pick<SagaRow, 'id' | 'state'>) {
  const state = parsed(saga, `The stored state of ${saga.name} ${id}`, stored);
  if (!isRecord(stored) || !isRecord(state)) return { state };
  const unknown = Object.entries(stored).filter(([field]) => !(field in state));
  return unknown.length > 0 ? { state, unknown: Object.fromEntries(unknown) } : { state };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(saga: Saga<unknown>, what: string, state: unknown): unknown {
  const { success, data, error } = saga.schema.safeParse(state);
  if (success) return data;
  throw new TypeError(`${what} does not fit its schema: ${z.prettifyError(error)}`);
}

/**
 * Takes a decision into an instance.
 *
 * @returns the commands to send, in order
 * @throws TypeError when the new state does not fit; ContractViolation when it cannot be stored, for a command whose
 *   answer means nothing, and for a timeout that nothing decides on
 */
export function takeDecision(saga: Saga<unknown>, instance: Instance, decision: Decision<unknown>): object[] {
  if (decision.state !== undefined) {
    instance.state = parsed(saga, `The state that ${saga.name} decided on`, decision.state);
    refuseUnstorable(`the state of ${saga.name}`, instance.state);
  }
  const { timeout, timeouts = {} } = decision;
  if (timeout) refuseTimeout(saga, timeout.name, timeout);
  for (const [name, when] of Object.entries(timeouts)) if (when) refuseTimeout(saga, name, when);
  const commands = [...(decision.send ?? [])];
  for (const command of commands) instance.steps.push(stepOf(saga, command));
  if (decision.compensate) {
    const undoing = compensations(saga, instance);
    for (const command of undoing) instance.steps.push({ ...stepOf(saga, command), undo: true });
    commands.push(...undoing);
  }
  if (decision.done) instance.ended = true;
  instance.status = statusOf(instance);
  return commands;
}

function refuseTimeout(saga: Saga<unknown>, name: string, when: When): void {
  const arms = `${saga.name} arms the timeout ${name}`;
  if (!saga.timeouts.includes(name))
    throw new ContractViolation('LIFTOUT_SAGA_TIMEOUT_UNHANDLED', `${arms}: say with onTimeout what it means.`);
  const ms = 'at' in when ? (when.at as Date | undefined)?.getTime?.() : when.afterMs;
  if (typeof ms === 'number' && Number.isFinite(ms)) return;
  throw new ContractViolation(
    'LIFTOUT_SAGA_TIMEOUT_INVALID',
    `${arms} for no time: give it afterMs, in milliseconds, or at, a Date.`,
  );
}

/**
 * What a decision on a timeout leaves armed: one that has passed is not armed any more, unless it is armed again.
 * @param isNamed whether it is one of those beside that of the instance
 */
export function withoutPassed<S>(decision: Decision<S>, { name, isNamed }: Passed): Decision<S> {
  return isNamed ? { ...decision, timeouts: { [name]: null, ...decision.timeouts } } : { timeout: null, ...decision };
}

interface Passed {
  name: string;
  isNamed: boolean;
}

/** Notes the answer to a command. One that was given up may still be answered: a person can have it tried again. */
export function noteReply(instance: Instance, type: string, reply: Reply): void {
  const own = instance.steps.filter((step) => replyType(step.command) === type);
  const step = own.find((each) => each.outcome === 'sent') ?? own.find((each) => each.outcome === 'given_up');
  if (step) step.outcome = reply.ok ? 'ok' : reply.dead ? 'given_up' : 'error';
}

/** What a reply says, in two words at most. */
export const textOf = (reply: Reply) => (reply.ok ? 'ok' : reply.dead ? 'given up' : reply.error.code);

function stepOf(saga: Saga<unknown>, command: object): Step {
  const { name } = definitionOf(command)!;
  if (saga.subscriptions.has(replyType(name))) return { command: name, outcome: 'sent' };
  throw new ContractViolation(
    'LIFTOUT_SAGA_REPLY_UNHANDLED',
    `${saga.name} sends ${name}: say with onReply what its answer means.`,
  );
}

/** A step that has not answered yet is undone too: commands with one key are handled in the order they were sent. */
function compensations(saga: Saga<unknown>, instance: Instance): object[] {
  const effective = instance.steps.filter(({ undo, outcome }) => !undo && EFFECTIVE.includes(outcome));
  const newestFirst = new Set(effective.map((step) => step.command).reverse());
  for (const step of effective) step.outcome = 'undone';
  const undoing = [...newestFirst].map((step) => saga.compensation(step, instance.state));
  return undoing.filter((command) => command !== undefined);
}

/** A step that was given up may have had its effect in part of its attempts. */
const EFFECTIVE: readonly Step['outcome'][] = ['sent', 'ok', 'given_up'];

/** An instance that has ended is done when everything that undoes its steps has succeeded. */
function statusOf({ steps, ended }: Instance): Instance['status'] {
  const undoing = steps.filter((step) => step.undo);
  if (ended && undoing.every((step) => step.outcome === 'ok')) return 'done';
  return undoing.length > 0 ? 'compensating' : 'running';
}
