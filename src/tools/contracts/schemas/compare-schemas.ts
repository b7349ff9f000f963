import type { Branch } from './branches.js';
import { branchesOf, keeps } from './branches.js';
import { compareArrays, compareObjects } from './compare-shapes.js';
import type { Comparison, Difference, Direction } from './difference.js';
import { compareLimits, compareText, inTime } from './difference.js';
import type { JsonSchema, Side } from './schema.js';
import { keyOf, resolve } from './schema.js';

/**
 * Compares two versions of a schema. Pure; comes to an end with schemas that contain themselves.
 *
 * @returns what breaks; nothing for a change that everybody can live with
 */
export function compareSchemas(before: JsonSchema, after: JsonSchema, direction: Direction): Difference[] {
  const sides = [before, after].map((schema) => ({ schema, root: schema }));
  const [narrow, wide] = inTime(direction, sides[0]!, sides[1]!);
  const comparison = new PairByPair(direction);
  const found = comparison.compare(narrow, wide).filter((each) => comparison.holds(each));
  const said = new Set(found.filter(({ rule }) => rule !== 'inside').map(({ path }) => path.join('.')));
  return found.filter(({ rule, path }) => rule !== 'inside' || !said.has(path.join('.'))).map(withoutPair);
}

function withoutPair(found: Difference): Difference {
  const { pair, ...difference } = found;
  return pair === undefined ? found : difference;
}

/**
 * A pair of schemas that is met again while it is being compared counts as fitting: if it does not, that is found where
 * its comparison began. So each pair is compared once.
 */
class PairByPair implements Comparison {
  readonly #known = new Map<string, readonly Difference[]>();

  constructor(readonly direction: Direction) {}

  compare(narrow: Side, wide: Side): readonly Difference[] {
    const pair = `${keyOf(target(narrow))} in ${keyOf(target(wide))}`;
    const known = this.#known.get(pair);
    if (known) return known;
    this.#known.set(pair, [{ path: [], rule: 'inside', pair }]);
    const found = compareUnions(narrow, wide, this);
    this.#known.set(pair, found);
    return found;
  }

  /** Once all is compared: whether what was taken for fitting does not fit. */
  holds({ pair }: Difference): boolean {
    return pair === undefined || this.#known.get(pair)!.some(({ rule }) => rule !== 'inside');
  }
}

/** A schema and what refers to it are the same one. */
function target({ schema, root }: Side): JsonSchema {
  const { $ref, ...rest } = schema;
  return $ref !== undefined && Object.keys(rest).length === 0 ? target({ schema: resolve($ref, root), root }) : schema;
}

function compareUnions(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const branches = branchesOf(narrow.schema, narrow.root);
  const others = branchesOf(wide.schema, wide.root);
  const attempts = branches.map((branch) =>
    others
      .filter((other) => suits(branch, other))
      .map((other) => compareBranch({ ...branch, root: narrow.root }, { ...other, root: wide.root }, at))
      .sort((a, b) => distance(a) - distance(b)),
  );
  const misfits = branches.filter((_, index) => attempts[index]!.length === 0);
  return [...attempts.flatMap(([best]) => best ?? []), ...compareKinds(misfits, branches, others, at.direction)];
}

/** Variants are told apart by a single value: one with another value is farther than one with other fields. */
const distance = (differences: readonly Difference[]) =>
  differences.reduce((sum, { rule }) => sum + (rule === 'values' ? 100 : rule === 'inside' ? 0 : 1), 0);

/** Whether it is worth while to compare the two more closely. Whether a single value has a format is not known. */
function suits(narrow: Branch, wide: Branch): boolean {
  if (wide.type === 'any') return true;
  if (!narrow.literal) return !wide.literal && fitsType(narrow.type, wide.type);
  if (!wide.formats.every((format) => narrow.formats.includes(format))) return false;
  if (wide.literal) return same(narrow.literal.value, wide.literal.value);
  return fitsType(narrow.type, wide.type) && keeps(narrow.literal.value, wide);
}

const fitsType = (narrow: string, wide: string) => narrow === wide || (narrow === 'integer' && wide === 'number');

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Types and values that the other side does not have, told together. */
function compareKinds(misfits: Branch[], narrow: Branch[], wide: Branch[], direction: Direction): Difference[] {
  if (misfits.length === 0) return [];
  const [before, after] = inTime(direction, narrow, wide);
  const rule = misfits.some((branch) => branch.literal) ? 'values' : 'type';
  return [{ path: [], rule, was: namesOf(before), is: namesOf(after) }];
}

function namesOf(branches: readonly Branch[]): string {
  const names = branches.map(({ type, literal }) => (literal ? JSON.stringify(literal.value) : type));
  return [...new Set(names)].join(' | ') || 'nothing';
}

function compareBranch(narrow: Branch & Side, wide: Branch & Side, at: Comparison): Difference[] {
  if (wide.type === 'any' || narrow.literal) return [];
  if (narrow.type === 'object') return compareObjects(narrow, wide, at);
  if (narrow.type === 'array')
    return [...compareLimits(narrow, wide, at.direction), ...compareArrays(narrow, wide, at)];
  return [...compareLimits(narrow, wide, at.direction), ...compareText(narrow, wide, at.direction)];
}
