import { isDeepStrictEqual } from 'node:util';
import type { MessageDefinition } from '../../platform/messaging/define.js';
import { DomainError, Unavailable } from '../../platform/messaging/errors.js';
import { examplesOf } from '../../platform/messaging/plain/examples.js';
import type { Pact } from '../../tools/pacts/pact.js';

/** What is recorded of a message: what was asked, and as much of the answer as its consumer needs. */
interface Recorded {
  readonly payload: object;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly details?: object };
}

/**
 * Answers as the pacts of a module have it: what was recorded for the same question, else the first that was answered with a result.
 * Ids and other values of the question are those of this one; what no consumer needs is made up.
 *
 * @throws DomainError where that was recorded; Unavailable where no pact has the message
 */
export function answer({ name, result, errors }: MessageDefinition, asked: object, pacts: readonly Pact[]): unknown {
  const all = recordedOf(name, pacts);
  const found = all.find(({ payload }) => isDeepStrictEqual(payload, plain(asked))) ?? all.find(({ error }) => !error);
  if (!found)
    throw new Unavailable(`No pact says how ${name} is answered: a spec of its consumer has to script it.`, 'fault');
  const own = valuesOf(found.payload, plain(asked));
  if (found.error) {
    const { code, details = {} } = found.error;
    const example = examplesOf(errors[code]!)[0];
    const whole = filled(example, replaced(details, own)) as Record<string, unknown>;
    throw new DomainError('conflict', code, `The stand-in refuses: ${code}.`, whole);
  }
  return result && filled(examplesOf(result)[0], replaced(found.result, own));
}

function recordedOf(name: string, pacts: readonly Pact[]): Recorded[] {
  const interactions = pacts.flatMap((pact) => pact.interactions);
  const own = interactions.filter(({ description }) => description === name || description === `${name}.reply`);
  return own.flatMap(({ providerStates }) => providerStates.map(({ params }) => params as unknown as Recorded));
}

const plain = (value: object) => JSON.parse(JSON.stringify(value)) as object;

/** What stands in a question in place of what was recorded. Short texts and numbers may be equal by chance. */
function valuesOf(recorded: unknown, asked: unknown, found = new Map<unknown, unknown>()): Map<unknown, unknown> {
  if (typeof recorded === 'string' && typeof asked === 'string') found.set(recorded, asked);
  if (typeof recorded === 'object' && recorded !== null && typeof asked === 'object' && asked !== null)
    for (const [key, value] of Object.entries(recorded))
      valuesOf(value, (asked as Record<string, unknown>)[key], found);
  return found;
}

function replaced(value: unknown, by: ReadonlyMap<unknown, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => replaced(item, by));
  if (typeof value !== 'object' || value === null) return by.has(value) ? by.get(value) : value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, replaced(field, by)]));
}

/** A value with what it lacks from an example. */
function filled(example: unknown, value: unknown): unknown {
  if (value === undefined) return example;
  if (Array.isArray(value)) {
    const [item] = Array.isArray(example) ? (example as unknown[]) : [];
    return value.map((each) => filled(item, each));
  }
  if (typeof value !== 'object' || value === null || typeof example !== 'object' || example === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    filled((example as Record<string, unknown>)[name], field),
  ]);
  return { ...example, ...Object.fromEntries(fields) };
}
