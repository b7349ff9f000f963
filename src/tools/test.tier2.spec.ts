import { readdir, readFile, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HostEnv } from '../../test/support/host-process.js';
import { runProcess } from '../../test/support/host-process.js';
import { openFolder } from '../../test/support/stage.js';
import { eventually } from '../platform/testing/index.js';

const GIT = 'src/tools/contracts/elsewhere/revisions';
const KAFKA = 'test/delivery/change-data-capture.tier2.spec.ts';
const SERVERS = 'src/dev/postgres/embedded.tier2';

/** Where the run keeps its temporary files. */
let folder: string;
beforeEach(async () => void (folder = await openFolder()));

function start(args: readonly string[], changes: HostEnv) {
  const { CI: _, TEST_DATABASE_URL: __, ...env } = process.env;
  return runProcess(process.execPath, ['dist/src/tools/test.js', ...args], {
    env: { ...env, TMPDIR: folder, ...changes },
  });
}

/** As a person does; in a process group of its own. */
function startByNpm(args: readonly string[]) {
  const { CI: _, TEST_DATABASE_URL: __, ...env } = process.env;
  return runProcess('npm', ['test', '--', ...args], { env: { ...env, TMPDIR: folder }, detached: true });
}

/** A `PATH` that leads to what every system has. */
async function bare(): Promise<string> {
  const programs = await openFolder();
  for (const name of ['sh', 'test']) await symlink(join('/usr/bin', name), join(programs, name));
  return programs;
}

describe('a program that is missing', () => {
  it('is named at the end, with how to get it and the specs that were not run', async () => {
    const { code, errors } = await start(['--tier', '2', GIT], { PATH: await bare() }).stopped;
    expect(errors).toMatch(
      /\nNot run, as there is no git: \d+ tests\.\n {2}src\/tools\/contracts\/elsewhere\/revisions\.tier2\.spec\.ts \(\d+\)\n {2}Install it: apt-get install git /,
    );
    expect(errors).toMatch(/\ntest: 0 passed, 0 failed, [1-9]\d* not run\n$/);
    expect(code).toBe(0);
  }, 60_000);

  it('is Java or Maven for tests with a real Kafka', async () => {
    const { errors } = await start(['--tier', '2', KAFKA], { PATH: await bare() }).stopped;
    expect(errors).toMatch(/\nNot run, as there is no java: \d+ tests\./);
    expect(errors).toMatch(/\nNot run, as there is no mvn: \d+ tests\./);
  }, 60_000);

  it('is a failure in CI', async () => {
    const { code, errors } = await start([GIT], { PATH: await bare(), CI: 'true' }).stopped;
    expect(errors).toMatch(/\ntest: 0 passed, 0 failed, [1-9]\d* not run\n$/);
    expect(code).toBe(1);
  }, 60_000);

  it('is no reason to speak of tests that nobody asked for', async () => {
    const { code, errors } = await start([GIT, '-t', 'no such test'], { PATH: await bare(), CI: 'true' }).stopped;
    expect(errors).toMatch(/\ntest: 0 passed, 0 failed, 0 not run\n$/);
    expect([code, errors.includes('git')]).toEqual([0, false]);
  }, 60_000);
});

describe('a run that ends', () => {
  it('leaves no file behind', async () => {
    const { code, errors } = await start([GIT, '-t', 'refuses a revision that there is not'], {}).stopped;
    expect(errors).toMatch(/\ntest: 1 passed, 0 failed, 0 not run\n$/);
    expect([code, await readdir(folder)]).toEqual([0, []]);
  }, 60_000);

  it.each([
    // Where the shell of npm stays, it may be the one that the signal ends.
    ['SIGINT', [130, 'SIGINT']],
    ['SIGTERM', [143, 'SIGTERM']],
  ] as const)(
    'a run that ends by a %s for npm leaves no process and no file behind',
    async (signal, expected) => {
      const running = startByNpm([SERVERS]);
      // The one of all specs, and one that a spec has started.
      const both = async () => (await servers()).length > 1 && (await servers());
      const pids = await eventually(both, 'a server of a spec', 60_000);
      running.kill(signal);
      const { code, signal: by } = await running.stopped;
      expect(expected).toContain(code ?? by);
      await eventually(async () => (await readdir(folder)).length === 0, 'no file being left');
      await eventually(() => [-running.pid, ...pids].every(isGone), 'its processes having ended');
    },
    120_000,
  );
});

/** The processes of the PostgreSQL servers that keep their files in the folder. */
async function servers(): Promise<number[]> {
  // What is listed may be gone already.
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const found = files.filter((file) => basename(file) === 'postmaster.pid');
  const texts = await Promise.all(found.map((file) => readFile(join(folder, file), 'utf8').catch(() => '')));
  return texts.map((text) => Number(text.split('\n')[0])).filter((pid) => pid > 0);
}

/** @param pid of a process; below zero, of a group */
function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
}
