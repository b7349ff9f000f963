import { compareSchemas } from './compare-schemas.js';
import type { CurrentMessage, MessageContract, Snapshot } from '../describe.js';
import type { Difference, Direction, Rule } from './difference.js';
import type { JsonSchema } from './schema.js';

/** A change of a message that breaks whoever relies on it as it was. */
export interface Change {
  /** Wire name. */
  readonly message: string;
  /** As consumers declare it: `price.amount` of an event, else `payload.…`, `result.…`, `errors.code.…`; absent for the whole message. */
  readonly field?: string;
  readonly what: string;
  /** The part of the message that a consumer must need to be broken; absent where it breaks every one. */
  readonly touches?: string;
}

type Content = Pick<CurrentMessage, 'contract' | 'reads'>;
type Contents = ReadonlyMap<string, Content>;

/**
 * Compares what a module published with what it publishes now. Pure.
 *
 * @param before a snapshot
 * @returns the changes that can break somebody
 */
export function compareMessages(before: Snapshot, after: Contents): Change[] {
  return Object.entries(before).flatMap(([message, contract]) => {
    const current = after.get(message);
    return current
      ? compareMessage(message, contract, current)
      : [{ message, what: goneWords(message, before, after) }];
  });
}

/** A message of another name and the same content is taken for the same one. */
function goneWords(message: string, before: Snapshot, after: Contents): string {
  const { kind, payload } = before[message]!;
  const twin = [...after].find(
    ([name, { contract }]) =>
      !(name in before) && contract.kind === kind && JSON.stringify(contract.payload) === JSON.stringify(payload),
  );
  return twin ? `was renamed to ${twin[0]}: a wire name never changes` : 'is no longer published';
}

function compareMessage(message: string, before: MessageContract, { contract: after, reads }: Content): Change[] {
  if (before.kind !== after.kind) return [{ message, what: `was ${article(before.kind)}, is ${article(after.kind)}` }];
  if (before.kind === 'event')
    return [...compareKey(message, before, after), ...compareEvents(message, before, after, reads)];
  return [
    ...comparePart(message, 'payload', before.payload, after.payload, 'in'),
    ...compareResult(message, before, after),
    ...compareErrors(message, before, after),
  ];
}

const article = (kind: MessageContract['kind']) => (kind === 'event' ? 'an event' : `a ${kind}`);

function compareKey(message: string, before: MessageContract, after: MessageContract): Change[] {
  if (before.key === after.key) return [];
  return [{ message, what: `was ordered by ${before.key}, is ordered by ${after.key}: its order would be lost` }];
}

/** What cannot be read back breaks everybody, whatever they need of it. */
function compareEvents(message: string, before: MessageContract, after: MessageContract, reads: JsonSchema): Change[] {
  const stored = compareStored(message, before, reads);
  const published = comparePart(message, '', before.payload, after.payload, 'out');
  return [...stored, ...published.filter(({ field }) => !stored.some((change) => change.field === field))];
}

/** Outboxes keep events for a while, and every consumer reads them with the new class. */
function compareStored(message: string, before: MessageContract, reads: JsonSchema): Change[] {
  const found = compareSchemas(before.payload, reads, 'in').filter(({ rule }) => !READABLE.has(rule));
  const unreadable = found.some(({ rule }) => rule !== 'inside') ? found : [];
  return unreadable.map((difference) => {
    const field = difference.path.join('.');
    const what = `${wordsOf(difference, 'in')}, so that the events which outboxes have kept cannot be read any more`;
    return { message, ...(field && { field }), what };
  });
}

/** Stored events have no unknown fields, and no field is left out for which there was a default. */
const READABLE: ReadonlySet<Rule> = new Set(['removed', 'strict', 'default']);

function compareResult(message: string, before: MessageContract, after: MessageContract): Change[] {
  if (!before.result) return [];
  if (!after.result) return [{ message, field: 'result', what: 'is no longer there', touches: 'result' }];
  return comparePart(message, 'result', before.result, after.result, 'out');
}

function compareErrors(message: string, before: MessageContract, after: MessageContract): Change[] {
  const [known, now] = [before.errors ?? {}, after.errors ?? {}];
  const lost = Object.keys(known).filter((code) => !(code in now));
  const added = Object.keys(now).filter((code) => !(code in known));
  const common = Object.keys(known).filter((code) => code in now);
  return [
    ...lost.map((code) => ({
      message,
      field: `errors.${code}`,
      what: 'is no longer answered',
      touches: `errors.${code}`,
    })),
    ...added.map((code) => ({
      message,
      field: `errors.${code}`,
      what: 'is a new answer, which nobody knows',
      touches: 'errors',
    })),
    ...common.flatMap((code) => comparePart(message, `errors.${code}`, known[code]!, now[code]!, 'out')),
  ];
}

function comparePart(
  message: string,
  part: string,
  before: JsonSchema,
  after: JsonSchema,
  direction: Direction,
): Change[] {
  return compareSchemas(before, after, direction).map((difference) => {
    const field = joined(part, difference.path);
    const touches = joined(part, touched(difference, direction));
    // A new field of the payload itself has to be given by everybody.
    const everybody = touches === 'payload' || touches === '';
    return { message, ...(field && { field }), what: wordsOf(difference, direction), ...(!everybody && { touches }) };
  });
}

/** The part that somebody must need to be broken: not the field itself where it is new, or left out. */
function touched({ rule, path }: Difference, direction: Direction): readonly string[] {
  if (rule === 'default' && direction === 'in') return [];
  return rule === 'required' || (rule === 'strict' && direction === 'out') ? path.slice(0, -1) : path;
}

const joined = (part: string, path: readonly string[]) => [part, ...path].filter(Boolean).join('.');

const WORDS: Readonly<Record<Direction, Readonly<Record<Rule, (was: string, is: string) => string>>>> = {
  in: {
    removed: () => 'is no longer taken',
    required: () => 'has to be given now',
    optional: () => 'may be left out now',
    type: (was, is) => `was ${was}, is ${is}`,
    values: (was, is) => `took ${was}, takes ${is}`,
    limit: (was, is) => `takes less: it had ${was}, it has ${is}`,
    text: (was, is) => `must match another format: it was ${was}, it is ${is}`,
    strict: () => 'refuses fields that it does not know',
    default: (was, is) => `stands for another value where it is left out: the default was ${was}, is ${is}`,
    inside: () => 'is made of what it lies in, which changes as well',
  },
  out: {
    removed: () => 'is no longer there',
    required: () => 'is always there now',
    optional: () => 'may be missing now',
    type: (was, is) => `was ${was}, is ${is}`,
    values: (was, is) => `was ${was}, can be ${is}`,
    limit: (was, is) => `can be more: it had ${was}, it has ${is}`,
    text: (was, is) => `can look otherwise: it was ${was}, it is ${is}`,
    strict: () => 'is new, and those who read it refuse fields that they do not know',
    default: (was, is) => `holds another value where nothing else is said: the default was ${was}, is ${is}`,
    inside: () => 'is made of what it lies in, which changes as well',
  },
};

const wordsOf = ({ rule, was, is }: Difference, direction: Direction) => WORDS[direction][rule](was ?? '', is ?? '');
