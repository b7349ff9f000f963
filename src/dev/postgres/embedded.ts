import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { readPassword } from './embedded-data.js';
import { EmbeddedError, explain, WAY_OUT } from './embedded-error.js';
import { addMember, exclusively, hasMembers, removeMember } from './embedded-members.js';
import { dataOf, type Log, preparePlace } from './embedded-place.js';
import { hasEnded, runningServer, startServer, stopServer, type Running } from './embedded-server.js';

export { EmbeddedError };

const DATABASE = 'liftout';
const NOT_ON_WINDOWS = 'The embedded PostgreSQL runs on Linux and macOS only; specs take TEST_DATABASE_URL.';

export interface EmbeddedOptions {
  /** Whether commits reach the disk before they are reported; a running server keeps its setting. */
  readonly fsync?: boolean;
  /** Is told what takes time, and where files are if not in the folder. */
  readonly log?: Log;
}

export interface EmbeddedServer {
  /** The superuser's address of the database: `postgres://postgres:…@127.0.0.1:…/liftout`. */
  readonly adminUrl: string;
  /**
   * Gives up this caller's share; the last to leave stops the server and waits until it has ended.
   * Repeating it does nothing more.
   *
   * @throws EmbeddedError when the server does not stop, or the folder can no longer be written
   */
  leave(): Promise<void>;
}

/**
 * Joins the PostgreSQL server of a folder, starting or recovering it if it does not run.
 *
 * The server is a process of its own that listens on the loopback interface only. Any number of
 * processes, and callers in one process, share it; it runs until the last of them leaves. If all were
 * killed, it goes on until the next one joins and leaves. What was committed survives every crash,
 * provided `fsync` is on for that of the machine.
 *
 * @param dataDir holds the database, its password, port and log; made if missing. When root starts in a
 *   folder closed to the unprivileged user who has to run the server, the database itself lies in
 *   `/var/lib/liftout`, recorded in `postgres.path`.
 * @throws EmbeddedError saying what was expected and what to do; nothing is left running then
 */
export async function joinEmbedded(dataDir: string, options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  if (process.platform === 'win32') throw new EmbeddedError(`${NOT_ON_WINDOWS} ${WAY_OUT}`);
  try {
    await mkdir(dataDir, { recursive: true });
    const home = await realpath(dataDir);
    return await underLock(home, () => enter(home, options));
  } catch (error) {
    throw explain(error, dataDir);
  }
}

async function enter(home: string, options: EmbeddedOptions): Promise<EmbeddedServer> {
  const member = await addMember(membersFolder(home));
  try {
    const adminUrl = await serve(home, options);
    let left: Promise<void> | undefined;
    return { adminUrl, leave: () => (left ??= leave(home, member)) };
  } catch (error) {
    // What made the start fail is worth more than what made the clearing up fail.
    await depart(home, member).catch(() => undefined);
    throw error;
  }
}

async function leave(home: string, member: string): Promise<void> {
  try {
    await underLock(home, () => depart(home, member));
  } catch (error) {
    throw explain(error, home);
  }
}

async function depart(home: string, member: string): Promise<void> {
  await removeMember(member);
  if (!(await hasMembers(membersFolder(home)))) await stopServer(await dataOf(home));
}

/** @returns the address of the database, which exists and has been reached */
async function serve(home: string, { fsync = true, log = () => {} }: EmbeddedOptions): Promise<string> {
  const data = await dataOf(home);
  const start = async () => await startServer(await preparePlace(home, log), fsync);
  const found = await runningServer(data);
  if (!found) return await reach(home, await start());
  try {
    return await reach(home, found);
  } catch (error) {
    if (await hasEnded(found, data)) return await reach(home, await start());
    throw error;
  }
}

async function reach(home: string, server: Running): Promise<string> {
  const root = `postgres://postgres:${await readPassword(home)}@127.0.0.1:${server.port}`;
  if (!(await isThere(`${root}/${DATABASE}`))) await createDatabase(`${root}/postgres`);
  return `${root}/${DATABASE}`;
}

async function isThere(url: string): Promise<boolean> {
  try {
    await query(url, 'SELECT');
    return true;
  } catch (error) {
    if ((error as pg.DatabaseError).code === '3D000') return false;
    throw error;
  }
}

async function createDatabase(url: string): Promise<void> {
  await query(url, `CREATE DATABASE "${DATABASE}"`);
}

async function query(connectionString: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 });
  // Without a listener, a connection that breaks would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const underLock = <T>(home: string, work: () => Promise<T>): Promise<T> => exclusively(join(home, 'locks'), work);
const membersFolder = (home: string): string => join(home, 'members');
