import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { seeded } from '../../src/platform/transport/fault-injection/seeded.js';
import { compareSchemas } from '../../src/tools/contracts/schemas/compare-schemas.js';
import { toJsonSchema } from '../../src/tools/contracts/describe.js';
import { changedObject, randomObject } from './change.js';
import { objectOf, parsed, takes, valueOf } from './shape.js';

// Compiling each of so many schemas would take most of the time.
z.config({ jitless: true });

const PAIRS = Number(process.env['FUZZ_PAIRS'] ?? 3_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const VALUES = 15;
const MINUTES = 600_000;

/** A schema, the same one changed, and values made for both. */
function pairOf(seed: number) {
  const random = seeded(seed);
  const before = randomObject(random, 0, ['a', 'b', 'c']);
  const after = random() < 0.9 ? changedObject(before, random, 0) : randomObject(random, 0, ['a', 'b', 'c']);
  const values = (shape: typeof before) => Array.from({ length: VALUES }, () => valueOf(shape, random) as object);
  return { before, after, values };
}

/** As it comes to whoever reads it. */
const overWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The fields of which the gate says nothing, where it says nothing of the whole. */
function untouched(names: readonly string[], differences: readonly { path: readonly string[] }[]): string[] {
  const touched = new Set(differences.map(({ path }) => path[0]));
  return touched.has(undefined) || touched.has('*') ? [] : names.filter((name) => !touched.has(name));
}

function fail(seed: number, found: object): never {
  throw new Error(`with seed ${seed}: ${JSON.stringify(found)}`);
}

describe('whatever changes,', () => {
  it(
    'what was taken before is taken after, where the gate finds no break',
    () => {
      let [silent, checked] = [0, 0];
      for (let seed = SEED; seed < SEED + PAIRS; seed++) {
        const { before, after, values } = pairOf(seed);
        const [was, is] = [objectOf(before), objectOf(after)];
        const found = compareSchemas(toJsonSchema(was, 'input'), toJsonSchema(is, 'input'), 'in');
        if (found.length > 0) continue;
        silent++;
        for (const value of values(before).filter((each) => takes(was, each))) {
          checked++;
          if (!takes(is, value)) fail(seed, { before, after, value });
        }
      }
      expect(silent).toBeGreaterThan(PAIRS / 20);
      expect(checked).toBeGreaterThan(silent);
    },
    MINUTES,
  );

  it(
    'each field that comes out can be read as before, where the gate finds no break of it',
    () => {
      let [fields, checked] = [0, 0];
      for (let seed = SEED; seed < SEED + PAIRS; seed++) {
        const { before, after, values } = pairOf(seed);
        const [was, is] = [objectOf(before), objectOf(after)];
        const found = compareSchemas(toJsonSchema(was, 'output'), toJsonSchema(is, 'output'), 'out');
        const names = untouched(Object.keys(before.fields), found);
        fields += names.length;
        for (const value of values(after)) {
          const given = parsed(is, value);
          if (!given) continue;
          const answer = overWire(given.data) as Record<string, unknown>;
          // Such a message cannot be defined.
          if (!takes(is, answer)) continue;
          checked += names.length;
          for (const name of names)
            if (!takes(was.shape[name] as z.ZodType, answer[name])) fail(seed, { before, after, answer, name });
          if (found.length === 0 && !takes(was, answer)) fail(seed, { before, after, answer });
        }
      }
      expect(fields).toBeGreaterThan(PAIRS / 10);
      expect(checked).toBeGreaterThan(fields);
    },
    MINUTES,
  );

  it(
    'the gate is silent on what does not change',
    () => {
      for (let seed = SEED; seed < SEED + PAIRS / 10; seed++) {
        const schema = objectOf(pairOf(seed).before);
        for (const [io, direction] of [
          ['input', 'in'],
          ['output', 'out'],
        ] as const)
          expect([seed, compareSchemas(toJsonSchema(schema, io), toJsonSchema(schema, io), direction)]).toEqual([
            seed,
            [],
          ]);
      }
    },
    MINUTES,
  );
});
