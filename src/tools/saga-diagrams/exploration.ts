import { z } from 'zod';
import type { Reply } from '../../platform/transaction/message.js';
import { replyType } from '../../platform/transaction/message.js';
import type { MessageClass } from '../../platform/messaging/define.js';
import { definitionOf } from '../../platform/messaging/define.js';
import type { Instance } from '../../platform/sagas/instance.js';
import { noteReply, takeDecision, textOf, withoutPassed } from '../../platform/sagas/instance.js';
import type { Decision, Saga } from '../../platform/sagas/saga.js';

/** Examples of messages, the same ones each time. */
export interface Examples {
  messageOf(type: MessageClass): object;
  /** A value that fits a schema. */
  valueOf(schema: z.ZodType): unknown;
}

/** An instance as it can be at some moment. */
interface SagaSnapshot extends Instance {
  timeout: string | undefined;
  /** Those beside it that are armed, in the order of their names. */
  timeouts: string[];
}

/** Something that can happen to an instance. */
interface Trigger {
  text: string;
  possible(situation: SagaSnapshot): boolean;
  /** What is noted before it is decided on. */
  note(situation: SagaSnapshot): void;
  decide(state: unknown): Decision<unknown>;
}

/** A step from one named state to another. */
export interface Edge {
  from: string;
  to: string;
  on: string;
  does: string;
  ends: boolean;
}

/** More situations than these make no picture any more. */
const MAX_STATES = 2000;
/** Where an instance is before it has begun. */
export const NOWHERE = '[*]';

/**
 * Tries everything that can happen to a saga in every situation that can be reached, with the very functions that decide
 * at run time. A state is named by the first enum in the saga's state. There is one example of each message and of each
 * answer: branches on other values in them are not seen.
 *
 * @throws Error when the state has no enum, or there are too many situations
 */
export function explore(saga: Saga<unknown>, examples: Examples): Edge[] {
  const occurrences = [...events(saga, examples), ...replies(saga, examples), ...timeouts(saga)];
  const name = naming(saga);
  const queue: SagaSnapshot[] = [
    { state: undefined, steps: [], status: 'running', ended: false, timeout: undefined, timeouts: [] },
  ];
  const seen = new Set<string>();
  const edges: Edge[] = [];
  for (const situation of queue) {
    for (const occurrence of occurrences.filter(({ possible }) => possible(situation))) {
      const { next, does } = take(saga, situation, occurrence);
      const ends = next.ended && !situation.ended;
      const edge = { from: name(situation), to: name(next), on: occurrence.text, does, ends };
      if (does !== '' || edge.from !== edge.to) edges.push(edge);
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
    if (seen.size > MAX_STATES)
      throw new Error(`${saga.name} can be in more than ${MAX_STATES} situations: too many to draw.`);
  }
  return edges;
}

function take(
  saga: Saga<unknown>,
  situation: SagaSnapshot,
  { note, decide }: Trigger,
): { next: SagaSnapshot; does: string } {
  const next = structuredClone(situation);
  note(next);
  const decision = decide(next.state);
  const sent = (decision.send ?? []).map((command) => shortName(definitionOf(command)!.name));
  const undoes = takeDecision(saga, next, decision).length > sent.length;
  if (decision.timeout !== undefined || decision.done) next.timeout = decision.timeout?.name;
  for (const [timeout, when] of Object.entries(decision.timeouts ?? {})) {
    const others = next.timeouts.filter((each) => each !== timeout);
    next.timeouts = when ? [...others, timeout].sort() : others;
  }
  if (next.ended) next.timeouts = [];
  return { next, does: [...sent, ...(undoes ? ['undo'] : [])].join(', ') };
}

function events(saga: Saga<unknown>, { messageOf }: Examples): Trigger[] {
  return saga.events.map((event) => {
    const { name } = event.definition;
    const { starts } = saga.subscriptions.get(name)!;
    const message = messageOf(event);
    return {
      text: shortName(name),
      possible: ({ state }) => (state === undefined) === starts,
      note: () => undefined,
      decide: (state) => saga.decide(state, name, message),
    };
  });
}

/** A command that was sent can be answered at any time, also late. */
function replies(saga: Saga<unknown>, examples: Examples): Trigger[] {
  return saga.commands.flatMap((command) => {
    const type = replyType(command.definition.name);
    return answersTo(command, examples).map((reply) => ({
      text: `${shortName(command.definition.name)} ${textOf(reply)}`,
      possible: ({ steps }) => steps.some((step) => step.command === command.definition.name),
      note: (situation) => noteReply(situation, type, reply),
      decide: (state) => saga.decide(state, type, reply),
    }));
  });
}

function answersTo({ definition }: MessageClass, { valueOf }: Examples): Reply[] {
  const { result, errors } = definition;
  const failed = (code: string, details = {}) =>
    ({ ok: false, error: { kind: 'conflict', code, message: '', details } }) as const;
  return [
    { ok: true, result: result ? valueOf(result) : null },
    ...Object.entries(errors).map(([code, schema]) => failed(code, valueOf(schema) as object)),
    { ...failed('given_up'), dead: true },
  ];
}

function timeouts(saga: Saga<unknown>): Trigger[] {
  return saga.timeouts.flatMap((name) =>
    [false, true].map((isNamed) => ({
      text: `timeout ${name}`,
      possible: ({ timeout, timeouts: armed }: SagaSnapshot) => (isNamed ? armed.includes(name) : timeout === name),
      note: () => undefined,
      decide: (state: unknown) => withoutPassed(saga.decideTimeout(state, name), { name, isNamed }),
    })),
  );
}

function naming(saga: Saga<unknown>): (situation: SagaSnapshot) => string {
  const shape = saga.schema instanceof z.ZodObject ? Object.entries(saga.schema.shape) : [];
  const field = shape.find(([, schema]) => schema instanceof z.ZodEnum)?.[0];
  if (field === undefined) throw new Error(`The state of ${saga.name} has no enum that could name its states.`);
  return ({ state }) => (state === undefined ? NOWHERE : String((state as Record<string, unknown>)[field]));
}

/** How often a step was repeated makes no difference. */
function keyOf({ state, steps, ended, timeout, timeouts: armed }: SagaSnapshot): string {
  const distinct = new Set(steps.map((step) => JSON.stringify(step)));
  return JSON.stringify([state, [...distinct].sort(), ended, timeout, armed]);
}

/** `book-courier` for `couriers.book-courier.v1`. */
export const shortName = (message: string) => message.split('.')[1]!;
