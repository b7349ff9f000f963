import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

/** Programs of their own, with a database of their own where they need one. */
function pacts(...args: readonly string[]): { status: number | null; said: string } {
  const { CI: _, ...env } = process.env;
  const options = { encoding: 'utf8', env, maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/tools/pacts.js', ...args], options);
  return { status, said: `${stdout}${stderr}` };
}

const said = (expected: RegExp) => ({ status: 0, said: expect.stringMatching(expected) });

it('what the specs expect of neighbours is what the pacts say', () => {
  expect(pacts('record', '--check')).toEqual(said(/the pacts are what the specs expect/));
}, 180_000);

it('each module meets what its consumers expect', () => {
  expect(pacts('verify')).toEqual(said(/meets what is expected of it|no pact in/));
}, 180_000);
