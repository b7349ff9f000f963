import { afterAll, describe, expect, it } from '@jest/globals';
import type { SpawnOptions } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../src/platform/testing/eventually.js';
import { Clone } from '../support/clone.js';
import type { HostEnv, RunningProcess } from '../support/host-process.js';
import { runProcess } from '../support/host-process.js';
import { emptyFolder, openFolder, ownEnv } from '../support/stage.js';

const clone = new Clone();
afterAll(() => clone.remove());

/** A shell that stays between npm and what it starts, and passes no signal on: older ones do so of themselves. */
async function shellBetween(): Promise<string> {
  const file = join(await emptyFolder(), 'shell');
  writeFileSync(file, '#!/bin/sh\neval "$2"\nexit $?\n', { mode: 0o755 });
  return file;
}

/** The processes that have a path among their arguments: everything that is started in the clone has. */
const processes = (path: string) =>
  execFileSync('ps', ['-Awwo', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(path));

const compiles = () => processes(clone.root).some((line) => line.includes('--preserveWatchOutput'));

function npm(script: string, more: HostEnv, options: SpawnOptions = {}): RunningProcess {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, PORT: '0', RATE_LIMIT: 'off', ...more };
  return runProcess('npm', ['run', '--silent', script], { cwd: clone.root, env, ...options });
}

describe('npm, ended by a signal that its shell does not pass on', () => {
  it.each(['start', 'dev'])(
    'leaves nothing running of npm run %s',
    async (script) => {
      const running = npm(script, { ...(await ownEnv()), npm_config_script_shell: await shellBetween() });
      await eventually(() => running.output().includes('Application  '), 'the application', 60_000);
      if (script === 'dev') await eventually(compiles, 'the compiler', 60_000);
      running.kill('SIGTERM');
      await running.stopped;
      await eventually(() => processes(clone.root).length === 0, 'the end of everything', 30_000);
    },
    120_000,
  );
});

describe('Ctrl-C, which reaches every process of a terminal', () => {
  it.each(['start', 'dev'])(
    'ends npm run %s with its database, and with LOG_FORMAT=json nothing but JSON was written',
    async (script) => {
      const DATA_DIR = await openFolder();
      // In a group of its own, as a terminal has one: all of the group gets the signal.
      const running = npm(script, { DATA_DIR, LOG_FORMAT: 'json', LOG_LEVEL: 'info' }, { detached: true });
      const ready = (times: number) => running.output().split('"msg":"ready"').length > times;
      await eventually(() => ready(1), 'the application', 120_000);
      if (script === 'dev') {
        await eventually(() => running.errors().includes('Watching for file changes'), 'the compiler', 120_000);
        // As the compiler does it.
        appendFileSync(join(clone.root, 'dist/src/main.js'), '\n');
        await eventually(() => ready(2), 'the application that has started again', 120_000);
      }
      process.kill(-running.pid, 'SIGINT');
      const { output } = await running.stopped;
      const left = () => [...processes(clone.root), ...processes(DATA_DIR)];
      await eventually(() => left().length === 0, 'the end of everything', 30_000);
      for (const line of output.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
    },
    300_000,
  );
});
