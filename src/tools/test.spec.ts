import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

describe('npm test', () => {
  it.each([
    [['--tier', '4'], '--tier has to be 1 or 2 or 3, not "4". See --help.'],
    [['--tier=two'], '--tier has to be 1 or 2 or 3, not "two". See --help.'],
    [['--tier'], '--tier has to be 1 or 2 or 3. See --help.'],
    [['--tier', '2', '--all'], 'Either --tier or --all, not both. See --help.'],
  ])('-- %j is refused in one line', (args, message) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/tools/test.js', ...args]);
    expect([status, String(stdout), String(stderr)]).toEqual([2, '', `${message}\n`]);
  });
});
