import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Reported } from './gate.js';
import { makeTree, places, removeTrees, violationsOf } from './gate.js';
import { CONTRACTS } from './leaks/contracts.js';
import { FORMS } from './leaks/forms.js';
import type { Leak, Planted } from './leak.js';
import { INSIDE, plan } from './leak.js';
import { NO_IMPORT } from './leaks/no-import.js';
import { PATHS } from './leaks/paths.js';
import { LAUNDERING, PACKAGES, SPECS } from './leaks/rest.js';
import { WHOLE } from './leaks/whole.js';

/** Nothing imports a leak: that it is dead as well is no surprise. */
const EXPECTED_BESIDES = ['dead-code', 'orphan'];

afterAll(removeTrees);

function plant(leaks: readonly Planted[]): string {
  const files = leaks.flatMap(({ file, code, around }) => [
    ...(code.trim() ? [[file, code]] : []),
    ...Object.entries(around ?? {}),
  ]);
  return makeTree({ ...INSIDE, ...Object.fromEntries(files) });
}

function expectOnly({ file, line, rule, also = [] }: Planted, violations: readonly Reported[]): void {
  const inFile = violations.filter((found) => found.file === file && !EXPECTED_BESIDES.includes(found.rule));
  expect(places(inFile)).toContain(`${file}:${line} ${rule}`);
  expect(inFile.filter((found) => found.rule !== rule && !also.includes(found.rule))).toEqual([]);
  expect(inFile.filter((found) => found.rule === rule && found.line !== line)).toEqual([]);
}

describe.each<[string, readonly Leak[]]>([
  ['the path of an import', PATHS],
  ['the form of an import', FORMS],
  ['laundering, and contracts', [...LAUNDERING.filter(({ alone }) => !alone), ...CONTRACTS]],
  ['specs and tests', SPECS],
  ['packages', PACKAGES],
  ['no import at all, and what one decides for all', [...NO_IMPORT, ...WHOLE]],
])('%s', (_, leaks) => {
  const planted = plan(leaks);
  let violations: Reported[];

  beforeAll(async () => {
    violations = await violationsOf(plant(planted));
  });

  it.each(planted.map((leak) => [leak.kind, leak] as const))('reports %s', (_kind, leak) =>
    expectOnly(leak, violations),
  );
});

describe('laundering in the middle of everything', () => {
  it.each(plan(LAUNDERING.filter(({ alone }) => alone)).map((leak) => [leak.kind, leak] as const))(
    'reports %s',
    async (_kind, leak) => expectOnly(leak, await violationsOf(plant([leak]))),
  );
});
