import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { dataOf } from '../../dev/postgres/embedded-place.js';
import { stopServer } from '../../dev/postgres/embedded-server.js';
import { ENDS, killAll } from '../lib/end-all.js';

/** What Node.js is given to run Jest. */
export const JEST: readonly string[] = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
/** Not among the temporary files, which are gone after each run. */
const CACHE = '--cacheDirectory=node_modules/.cache/jest';

/**
 * Runs Jest to its end. Whatever its specs have made in the folder of temporary files is gone afterwards. A signal ends all
 * that was started, at once.
 *
 * @returns its exit code
 */
export async function runJest(args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'liftout-tests-'));
  // Where the tests are run by root, PostgreSQL runs as another user.
  await chmod(folder, 0o711);
  const cached = args.some((arg) => arg.startsWith('--cacheDirectory')) ? [] : [CACHE];
  const child = spawn(process.execPath, [...JEST, ...args, ...cached], {
    stdio: 'inherit',
    // A group of its own: what the specs have started ends with it. On Windows it would be a window of its own.
    detached: process.platform !== 'win32',
    // The latter two are those of Windows.
    env: { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder },
  });
  let ended: (typeof ENDS)[number] | undefined;
  const end = (signal: (typeof ENDS)[number]) => {
    ended = signal;
    killAll(child);
  };
  for (const signal of ENDS) process.on(signal, end);
  const [code] = (await once(child, 'close')) as [number | null];
  if (ended) await killThoseOf(folder);
  await clear(folder);
  return ended ? 128 + constants.signals[ended] : (code ?? 1);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ends what specs have started in groups of their own: the folder of temporary files tells whose it is, where Linux tells that. */
async function killThoseOf(folder: string): Promise<void> {
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (`\0${variables}`.includes(`\0TMPDIR=${folder}`)) kill(Number(pid));
  }
}

/** Stops the databases whose users were killed: they are in sessions of their own. Then the files can go. */
async function clear(folder: string): Promise<void> {
  const files = await readdir(folder, { recursive: true });
  const homes = files.filter((file) => basename(file) === 'members').map((file) => dirname(join(folder, file)));
  for (const home of homes) await stopServer(await dataOf(home));
  await rm(folder, { recursive: true, force: true });
}
