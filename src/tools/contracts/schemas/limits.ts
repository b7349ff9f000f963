import { isMultiple } from './decimal.js';
import type { JsonSchema } from './schema.js';

/** A limit that a value may reach, or only come near to. */
interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
  /** As the schema has it; empty where there is none. */
  readonly shown: string;
}

const NONE = '';

/** The least that a number may be. Of whole numbers every limit is one that they may reach. */
export function lowerBound({ minimum = -Infinity, exclusiveMinimum = -Infinity }: JsonSchema, type: string): Bound {
  const exclusive = exclusiveMinimum >= minimum && exclusiveMinimum > -Infinity;
  const value = exclusive ? exclusiveMinimum : minimum;
  if (value <= -Number.MAX_VALUE) return { value: -Infinity, exclusive: false, shown: NONE };
  const shown = `${exclusive ? 'exclusiveMinimum' : 'minimum'} ${value}`;
  if (type !== 'integer') return { value, exclusive, shown };
  return { value: exclusive ? Math.floor(value) + 1 : Math.ceil(value), exclusive: false, shown };
}

/** The most that a number may be. */
export function upperBound({ maximum = Infinity, exclusiveMaximum = Infinity }: JsonSchema, type: string): Bound {
  const { value, exclusive, shown } = lowerBound({ minimum: -maximum, exclusiveMinimum: -exclusiveMaximum }, type);
  const own = `${exclusiveMaximum <= maximum ? 'exclusiveMaximum' : 'maximum'} ${Math.min(maximum, exclusiveMaximum)}`;
  return { value: -value, exclusive, shown: shown && own };
}

/** What has limits. */
interface Limited {
  readonly type: string;
  readonly schema: JsonSchema;
  readonly divisors: readonly number[];
}

/** A limit of the wider one that the narrower one does not keep, each as the schema has it. */
interface BrokenLimit {
  readonly narrow: string;
  readonly wide: string;
}

/** Limits of numbers, lengths and counts. */
export function brokenLimits(narrow: Limited, wide: Limited): BrokenLimit[] {
  return [
    ...brokenBound('minimum', lowerBound(narrow.schema, narrow.type), lowerBound(wide.schema, wide.type), isBelow),
    ...brokenBound('maximum', upperBound(narrow.schema, narrow.type), upperBound(wide.schema, wide.type), isAbove),
    ...(['minLength', 'minItems'] as const).flatMap((name) => brokenSize(name, narrow, wide, isBelow)),
    ...(['maxLength', 'maxItems'] as const).flatMap((name) => brokenSize(name, narrow, wide, isAbove)),
    ...brokenSteps(narrow, wide),
  ];
}

const isBelow = (a: Bound, b: Bound) => a.value < b.value || (a.value === b.value && b.exclusive && !a.exclusive);
const isAbove = (a: Bound, b: Bound) => a.value > b.value || (a.value === b.value && b.exclusive && !a.exclusive);

function brokenBound(name: string, narrow: Bound, wide: Bound, exceeds: typeof isBelow): BrokenLimit[] {
  if (wide.shown === NONE || !exceeds(narrow, wide)) return [];
  return [{ narrow: narrow.shown || `no ${name}`, wide: wide.shown }];
}

type Size = 'minLength' | 'minItems' | 'maxLength' | 'maxItems';

function brokenSize(name: Size, narrow: Limited, wide: Limited, exceeds: typeof isBelow): BrokenLimit[] {
  const bound = ({ schema }: Limited): Bound => ({
    value: schema[name] ?? (name.startsWith('min') ? 0 : Infinity),
    exclusive: false,
    shown: schema[name] === undefined ? NONE : `${name} ${schema[name]}`,
  });
  return brokenBound(name, bound(narrow), bound(wide), exceeds);
}

function brokenSteps({ type, divisors }: Limited, wide: Limited): BrokenLimit[] {
  const steps = type === 'integer' ? [1, ...divisors] : divisors;
  if (wide.divisors.every((step) => steps.some((own) => isMultiple(own, step)))) return [];
  const shown = (some: readonly number[]) => (some.length > 0 ? `multipleOf ${some.join(' and ')}` : 'no multipleOf');
  return [{ narrow: shown(divisors), wide: shown(wide.divisors) }];
}
