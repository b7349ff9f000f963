import { beforeEach, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { eventually } from '../../src/platform/testing/index.js';
import type { RunningProcess } from '../support/host-process.js';
import { runProcess } from '../support/host-process.js';
import { openFolder } from '../support/stage.js';

let folder: string;
beforeEach(async () => void (folder = await openFolder()));

/** A process group of its own. */
function rehearsal(): RunningProcess {
  const args = [resolve('dist/src/tools/rehearse.js'), 'payments', '--files', 'test/acceptance/cancellation'];
  return runProcess(process.execPath, args, { env: { ...process.env, TMPDIR: folder }, detached: true });
}

async function found(name: RegExp): Promise<boolean> {
  const folders = (await readdir(folder)).filter((each) => each.startsWith('liftout-rehearsal-'));
  const files = await Promise.all(folders.map((each) => readdir(join(folder, each))));
  return files.flat().some((file) => name.test(file));
}

describe('a rehearsal that is interrupted', () => {
  it.each([
    ['while it starts', 'SIGINT', async () => await found(/^postgres/)],
    ['while the suite runs', 'SIGTERM', async () => (await readdir(folder)).some((name) => name.startsWith('jest'))],
  ] as const)(
    '%s by %s leaves no process and no file behind',
    async (_, signal, reached) => {
      const running = rehearsal();
      await eventually(reached, 'that moment', 60_000);
      running.kill(signal);
      expect(await running.stopped).toMatchObject({ code: 130, errors: '' });
      expect((await readdir(folder)).filter((name) => name.startsWith('liftout'))).toEqual([]);
      await eventually(() => isEmpty(running.pid), 'its processes having ended');
    },
    120_000,
  );
});

function isEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}
