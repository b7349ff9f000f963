import type { Field, Limit, Random, Shape, TextRule } from './shape.js';
import { pick } from './shape.js';

const RULES: readonly TextRule[] = ['none', 'none', 'lower', 'anyCase', 'uuid', 'email', 'url', 'https', 'hex'];
const STEPS = [0, 0, 0, 0.01, 0.05, 0.1, 2, 5, 10];

/** A schema of everything that messages may have. */
export function randomShape(random: Random, depth = 0): Shape {
  const leaves = ['text', 'text', 'number', 'number', 'boolean', 'values'] as const;
  const nests = ['list', 'tuple', 'object', 'object', 'record', 'union', 'both', 'chain'] as const;
  const kind = pick(random, depth > 2 ? leaves : [...leaves, ...nests]);
  const inner = () => randomShape(random, depth + 1);
  switch (kind) {
    case 'text':
      return { kind, least: pick(random, [0, 0, 1, 2]), most: pick(random, [3, 40, 40]), rule: pick(random, RULES) };
    case 'number':
      return {
        kind,
        whole: random() < 0.4,
        low: limit(random, -1),
        high: limit(random, 11),
        step: pick(random, STEPS),
      };
    case 'boolean':
      return { kind };
    case 'values':
      return { kind, values: values(random) };
    case 'list':
      return { kind, item: inner(), least: pick(random, [0, 0, 1]), most: pick(random, [1, 2, 9]) };
    case 'tuple':
      return {
        kind,
        items: Array.from({ length: pick(random, [1, 2]) }, inner),
        rest: random() < 0.4 ? inner() : undefined,
      };
    case 'record':
      return { kind, names: pick(random, ['any', 'few', 'all']), value: inner() };
    case 'union':
      return { kind, options: [inner(), inner()] };
    case 'both':
      return {
        kind,
        parts: [randomObject(random, depth + 1, ['a', 'b']), randomObject(random, depth + 1, ['b', 'c'])],
      };
    case 'chain':
      return { kind, leaf: inner(), link: pick(random, ['next', 'list']) };
    default:
      return randomObject(random, depth, ['a', 'b', 'c']);
  }
}

export function randomObject(
  random: Random,
  depth: number,
  names: readonly string[],
): Extract<Shape, { kind: 'object' }> {
  const some = names.filter(() => random() < 0.7);
  const others = random() < 0.7 ? 'dropped' : random() < 0.5 ? 'refused' : randomShape(random, depth + 2);
  return { kind: 'object', fields: Object.fromEntries(some.map((name) => [name, field(random, depth)])), others };
}

const field = (random: Random, depth: number): Field => ({
  shape: randomShape(random, depth + 1),
  presence: pick(random, ['required', 'required', 'optional', 'default', 'nullable']),
});

const limit = (random: Random, around: number): Limit =>
  random() < 0.4 ? undefined : { value: around + pick(random, [0, 1, 2, 0.5]), exclusive: random() < 0.5 };

const values = (random: Random) => {
  const some = (['a', 'b', 'ab', 0, 1, 2.5, true, null] as const).filter(() => random() < 0.4);
  return some.length > 0 ? some : (['a'] as const);
};

/** The same schema but for a small change somewhere. */
export function changed(shape: Shape, random: Random, depth = 0): Shape {
  if (random() < 0.08) return randomShape(random, depth);
  const inner = (one: Shape) => changed(one, random, depth + 1);
  switch (shape.kind) {
    case 'text':
      return {
        ...shape,
        [pick(random, ['least', 'most'])]: pick(random, [1, 2, 40]),
        rule: random() < 0.6 ? shape.rule : pick(random, RULES),
      };
    case 'number':
      return {
        ...shape,
        ...pick(random, [
          { low: limit(random, -1) },
          { high: limit(random, 11) },
          { step: pick(random, STEPS) },
          { whole: !shape.whole },
        ]),
      };
    case 'boolean':
      return random() < 0.5 ? shape : { kind: 'values', values: [true] };
    case 'values':
      return random() < 0.3 ? shape : { kind: 'values', values: values(random) };
    case 'list':
      return random() < 0.5 ? { ...shape, item: inner(shape.item) } : { ...shape, most: pick(random, [1, 2, 9]) };
    case 'tuple':
      return { ...shape, items: shape.items.map((item) => (random() < 0.4 ? inner(item) : item)) };
    case 'record':
      return random() < 0.6
        ? { ...shape, value: inner(shape.value) }
        : { ...shape, names: pick(random, ['any', 'few', 'all']) };
    case 'union':
      return {
        ...shape,
        options: random() < 0.5 ? shape.options.map(inner) : [...shape.options, randomShape(random, 2)],
      };
    case 'both':
      return { ...shape, parts: shape.parts.map((part) => (random() < 0.5 ? inner(part) : part)) };
    case 'chain':
      return random() < 0.8
        ? { ...shape, leaf: inner(shape.leaf) }
        : { ...shape, link: pick(random, ['next', 'list']) };
    default:
      return changedObject(shape, random, depth);
  }
}

export function changedObject(
  shape: Extract<Shape, { kind: 'object' }>,
  random: Random,
  depth: number,
): Extract<Shape, { kind: 'object' }> {
  const fields = Object.entries(shape.fields).flatMap(([name, own]) => {
    const chance = random();
    if (chance < 0.05) return [];
    if (chance < 0.15) return [[name, { ...own, presence: field(random, depth).presence }]];
    return [[name, chance < 0.6 ? { ...own, shape: changed(own.shape, random, depth + 1) } : own]];
  });
  const added = random() < 0.2 ? [[pick(random, ['c', 'd']), field(random, depth + 1)]] : [];
  const others = random() < 0.9 ? shape.others : pick(random, ['dropped', 'refused'] as const);
  return { ...shape, fields: { ...Object.fromEntries(added), ...Object.fromEntries(fields) }, others };
}
