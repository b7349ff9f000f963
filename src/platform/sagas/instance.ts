import type { Reply } from '../delivery/message.js';
import { replyType } from '../delivery/message.js';
import { definitionOf } from '../messaging/define.js';
import { ContractViolation } from '../messaging/errors.js';
import type { Decision, Saga } from './saga.js';
import type { SagaRow, Step } from './saga-store.js';

/** What decisions change of an instance. */
export type Instance = Pick<SagaRow, 'state' | 'steps' | 'status' | 'ended'>;

/**
 * Takes a decision into an instance.
 *
 * @returns the commands to send, in order
 * @throws ZodError when the new state does not fit; ContractViolation for a command whose answer means nothing
 */
export function takeDecision(saga: Saga<unknown>, instance: Instance, decision: Decision<unknown>): object[] {
  if (decision.state !== undefined) instance.state = saga.schema.parse(decision.state);
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
  throw new ContractViolation(`${saga.name} sends ${name}: say with onReply what its answer means.`);
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
