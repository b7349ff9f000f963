import type { z } from 'zod';

export const OWN_RULE = 'has a rule of its own, which no snapshot can hold: check it in the handler';

type TextDef = Extract<z.core.$ZodTypes['_zod']['def'], { type: 'string' }>;

/** Checks that the JSON Schema of zod holds, each with what it limits. */
const LIMITS: ReadonlySet<string> = new Set(['less_than', 'greater_than', 'multiple_of', 'number_format']);
const LENGTHS: ReadonlySet<string> = new Set(['min_length', 'max_length', 'length_equals']);

type Check = z.core.$ZodCheckDef & { value?: number; minimum?: number; maximum?: number; length?: number };

/** What is wrong with the checks of a schema, besides formats of text. */
export function checksProblem(schema: z.core.$ZodType): string | undefined {
  for (const { _zod } of [
    ...(schema._zod.traits.has('$ZodCheck') ? [schema] : []),
    ...(schema._zod.def.checks ?? []),
  ]) {
    const check = _zod.def as unknown as Check;
    if (check.check === 'string_format') continue;
    if (check.check === 'overwrite')
      return 'changes what it is given (.trim(), .toLowerCase(), .overwrite()): do that before you make the message';
    if (!LIMITS.has(check.check) && !LENGTHS.has(check.check)) return OWN_RULE;
    const limits = [check.value, check.minimum, check.maximum, check.length].filter((limit) => limit !== undefined);
    if (!limits.every(Number.isFinite)) return `has the limit ${limits.join()}, which JSON does not: leave it out`;
  }
  return undefined;
}

/** Formats that are nothing but their pattern. */
const PATTERNS: ReadonlySet<string> = new Set([
  'regex',
  'lowercase',
  'uppercase',
  'includes',
  'starts_with',
  'ends_with',
]);

export interface TextCheck {
  readonly check?: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly hostname?: RegExp;
  readonly protocol?: RegExp;
  readonly alg?: string;
  readonly local?: boolean;
  readonly precision?: number | null;
  readonly normalize?: boolean;
  readonly fn?: unknown;
}

/** The checks of text that are formats. */
export const namedFormats = (def: TextDef): readonly TextCheck[] =>
  textChecks(def).filter(({ check, format }) => check === 'string_format' && !PATTERNS.has(format!));

/** What text is checked for: by its own kind, and by what was added. */
export const textChecks = (def: TextDef): readonly TextCheck[] => [
  def as TextCheck,
  ...(def.checks ?? []).map((check) => check._zod.def as unknown as TextCheck),
];

/** What is wrong with the formats and patterns of text. */
export function stringProblem(def: TextDef): string | undefined {
  const checks = textChecks(def);
  if (namedFormats(def).length > 1) return 'has two formats: say one of them';
  if (checks.some(({ fn, pattern }) => fn && !pattern)) return OWN_RULE;
  if (checks.some(({ normalize }) => normalize)) return 'changes what it is given (normalize): do that before';
  const flags = checks.find(({ pattern }) => pattern?.flags.match(/[gy]/))?.pattern;
  return flags ? `has the pattern ${String(flags)}: the flags g and y have no place in a rule` : undefined;
}
