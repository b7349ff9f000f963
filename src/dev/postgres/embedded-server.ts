import { spawn } from 'node:child_process';
import { open, rename } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeData, type Place } from './embedded-data.js';
import { EmbeddedError, WAY_OUT } from './embedded-error.js';
import { commandLineOf, environment, notExecutable, readIfThere, replaceFile, until } from './embedded-system.js';

export interface Running {
  readonly pid: number;
  readonly port: number;
}

const READY_TIMEOUT_MS = 120_000;
const LAUNCH_TIMEOUT_MS = 15_000;
const END_TIMEOUT_MS = 2000;
const STOP: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 30_000], // ends sessions, writes everything down
  ['SIGQUIT', 10_000], // a replication client can hold up the former: the next start recovers
];

const PORT_TAKEN = /Address already in use/;
/** What else can pass by itself: a starter, or a killed server's last processes. */
const PASSING = /lock file ".*" already exists|is still in use/;

/**
 * The server on this data directory, once it accepts connections: waits while it starts or recovers.
 *
 * @param isComing says whether a server is still expected although there is none to be seen yet
 * @returns undefined when there is none, or none any more
 */
export async function runningServer(data: string, isComing: () => boolean = () => false): Promise<Running | undefined> {
  let found: (Running & { isReady: boolean }) | undefined;
  const isSettled = async (): Promise<boolean> => {
    // Asked first: what ended before the look cannot appear after it.
    const mayCome = isComing();
    found = await look(data);
    return found ? found.isReady : !mayCome;
  };
  if (await until(isSettled, READY_TIMEOUT_MS)) return found;
  throw new EmbeddedError(`PostgreSQL in ${data} is running but not ready after two minutes. Stop it.`);
}

/** Whether a server that was found has ended: one that was killed can be seen for a moment longer. */
export const hasEnded = ({ pid }: Running, data: string): Promise<boolean> =>
  until(async () => !isServer(pid, data), END_TIMEOUT_MS);

/** A killed server leaves its postmaster.pid, and the number may be another program's by now. */
async function look(data: string): Promise<(Running & { isReady: boolean }) | undefined> {
  const lines = await postmasterFile(data);
  const pid = Number(lines[0]);
  if (!isServer(pid, data)) return undefined;
  return { pid, port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' };
}

async function postmasterFile(data: string): Promise<string[]> {
  return ((await readIfThere(join(data, 'postmaster.pid'))) ?? '').split('\n');
}

function isServer(pid: number, data: string): boolean {
  return pid > 0 && commandLineOf(pid).includes(` -D ${data} -p `);
}

/**
 * Starts the server, making its files first if there are none. Call it under the lock, and only when
 * `runningServer` found none.
 *
 * @throws EmbeddedError when PostgreSQL refuses, with the end of its log
 */
export async function startServer(place: Place, fsync: boolean): Promise<Running> {
  await makeData(place, fsync);
  const deadline = Date.now() + LAUNCH_TIMEOUT_MS;
  let port = (await formerPort(place)) || (await freePort());
  for (;;) {
    const server = await launch(place, port, fsync);
    if (server) {
      await replaceFile(portFile(place), `${server.port}\n`);
      return server;
    }
    const log = (await readIfThere(logFile(place))) ?? '';
    const taken = PORT_TAKEN.test(log);
    if (!(taken || PASSING.test(log)) || Date.now() > deadline) throw refused(place, log);
    await pause(100);
    // Otherwise the same: whoever is connected finds the server there again.
    if (taken) port = await freePort();
  }
}

/** In a session of its own and without our streams, so that it outlives this process and its terminal. */
async function launch(place: Place, port: number, fsync: boolean): Promise<Running | undefined> {
  const { data, account } = place;
  const program = join(place.bin, 'postgres');
  const [stale] = await postmasterFile(data);
  await rename(logFile(place), `${logFile(place)}.previous`).catch(() => undefined);
  const log = await open(logFile(place), 'w', 0o600);
  const state: { isOver: boolean; failure?: EmbeddedError } = { isOver: false };
  try {
    const child = spawn(program, ['-D', data, '-p', String(port), ...settings(fsync)], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      // PostgreSQL refuses to start while the process of a stale postmaster.pid is alive, except if
      // it is named so: what pg_ctl uses for its own parent. We know that it is no server.
      env: { ...environment(), ...(stale && { PG_GRANDPARENT_PID: stale }) },
      ...(account && { uid: account.uid, gid: account.gid }),
    });
    child.once('exit', () => (state.isOver = true));
    child.once('error', (error) => {
      Object.assign(state, { isOver: true, failure: notExecutable(program, error, account) });
    });
    child.unref();
  } finally {
    await log.close();
  }
  const server = await runningServer(data, () => !state.isOver);
  if (state.failure) throw state.failure;
  return server;
}

function settings(fsync: boolean): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 300,
    shared_buffers: '128MB',
    wal_level: 'logical',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    ...(!fsync && { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function refused({ data, home, account }: Place, log: string): EmbeddedError {
  const end = log.trimEnd().split('\n').slice(-8).join('\n');
  const user = account ? ` as the user ${account.name}` : '';
  return new EmbeddedError(
    `PostgreSQL did not start${user} on ${data}. The end of ${join(home, 'postgres.log')}:\n${end}\n` +
      `Mend what it names, or set DATA_DIR to another folder. ${WAY_OUT}`,
  );
}

/**
 * Stops the server, if there is one: open sessions are ended, what they committed is safe.
 *
 * @throws EmbeddedError when it still runs after 40 seconds
 */
export async function stopServer(data: string): Promise<void> {
  const pid = Number((await postmasterFile(data))[0]);
  for (const [signal, patience] of STOP) {
    if (!isServer(pid, data)) return;
    end(pid, signal);
    if (await until(async () => !isServer(pid, data), patience)) return;
  }
  throw new EmbeddedError(`PostgreSQL in ${data} does not stop: end its process ${pid}.`);
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kept if possible, for tools that were told the address. No matter if it cannot be read. */
async function formerPort(place: Place): Promise<number> {
  return Number(await readIfThere(portFile(place)).catch(() => undefined));
}

/** A free port of the loopback interface, as the system chooses. */
async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const portFile = ({ home }: Place): string => join(home, 'postgres.port');
const logFile = ({ home }: Place): string => join(home, 'postgres.log');
