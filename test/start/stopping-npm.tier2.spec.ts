import { afterAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../src/platform/testing/eventually.js';
import { Clone } from '../support/clone.js';
import type { RunningProcess } from '../support/host-process.js';
import { runProcess } from '../support/host-process.js';
import { emptyFolder, ownEnv } from '../support/stage.js';

const clone = new Clone();
afterAll(() => clone.remove());

/** A shell that stays between npm and what it starts, and passes no signal on: older ones do so of themselves. */
async function shellBetween(): Promise<string> {
  const file = join(await emptyFolder(), 'shell');
  writeFileSync(file, '#!/bin/sh\neval "$2"\nexit $?\n', { mode: 0o755 });
  return file;
}

/** The processes of the clone. */
const processes = () =>
  execFileSync('ps', ['-Awwo', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(clone.root) || line.includes('--preserveWatchOutput'));

const compiles = (line: string) => line.includes('--preserveWatchOutput');

async function npm(script: string): Promise<RunningProcess> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...(await ownEnv()), PORT: '0', npm_config_script_shell: await shellBetween() };
  return runProcess('npm', ['run', script, '--prefix', clone.root], { cwd: clone.root, env });
}

describe('npm, ended by a signal that its shell does not pass on', () => {
  it.each(['start', 'dev'])(
    'leaves nothing running of npm run %s',
    async (script) => {
      const running = await npm(script);
      await eventually(() => running.output().includes('Application  '), 'the application', 60_000);
      if (script === 'dev') await eventually(() => processes().some(compiles), 'the compiler', 60_000);
      running.kill('SIGTERM');
      await running.stopped;
      await eventually(() => processes().length === 0, 'the end of everything', 30_000);
      expect(processes()).toEqual([]);
    },
    120_000,
  );
});
