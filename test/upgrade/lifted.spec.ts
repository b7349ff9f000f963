import { expect, it } from '@jest/globals';
import { Draft } from '../../src/tools/extract/files.js';
import { standAlone } from '../../src/tools/extract/plan.js';

/** The `package.json` that the repository of billing has of the project's. */
function lifted(packageJson: object): unknown {
  const draft = new Draft(new Map([['package.json', JSON.stringify(packageJson)]]));
  standAlone(draft, { module: 'billing', others: [], gone: [], kept: [], has: () => false });
  return JSON.parse(draft.files.get('package.json')!);
}

it('extract notes which module the repository is of, beside what init was told', () => {
  const startedFrom = { version: '0.2.0', init: '--name my-app' };
  const name = 'my-app';
  expect(lifted({ name, startedFrom })).toEqual({ name, startedFrom: { ...startedFrom, lifted: 'billing' } });
});

it('nothing is noted where the project does not say how it began', () => {
  expect(lifted({ name: 'my-app' })).toEqual({ name: 'my-app' });
});
