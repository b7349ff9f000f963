import { afterAll, expect, it } from '@jest/globals';
import { makeTree, MODULES, removeTrees, runGate, violationsOf } from './gate.js';
import { LOOK_ALIKES } from './look-alikes.js';

afterAll(removeTrees);

it('is silent about a clean tree, and says how much it saw', async () => {
  expect(await runGate(['--root', makeTree()])).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^boundaries hold: 4 modules, \d\d files, \d{3} references\n$/),
    stderr: '',
  });
});

it('is silent about what only looks like a leak', async () => {
  expect(await violationsOf(makeTree(LOOK_ALIKES, MODULES))).toEqual([]);
});

it('is silent about this project', async () => {
  expect(await violationsOf(process.cwd())).toEqual([]);
});
