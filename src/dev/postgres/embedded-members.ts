import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedError } from './embedded-error.js';
import { identityOf, readIfThere } from './embedded-system.js';

const LOCK_TIMEOUT_MS = 120_000;
const KEPT_TURNS = 32;
const FREE = 'free';

/**
 * Runs `work` while no other process or caller runs work under the same folder. A holder that was
 * killed holds nothing.
 *
 * The folder is a log of turns: symbolic links numbered upwards, each pointing at the name of its
 * owner, or at `free`. The highest is in force. Creating a link both names the owner and fails if the
 * number is taken, in one atomic step, and the highest is never removed: so taking over from a
 * dead owner cannot remove a living one, which deleting a stale lock file can.
 *
 * @throws EmbeddedError when a living process holds the lock for two minutes
 */
export async function exclusively<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const turn = await takeTurn(folder);
  try {
    return await work();
  } finally {
    await symlink(FREE, join(folder, String(turn + 1)));
  }
}

async function takeTurn(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    const { turn, owner } = await inForce(folder);
    if (!isAlive(owner) && (await claim(folder, turn + 1))) return turn + 1;
    if (Date.now() > deadline) throw stuck(owner);
    await pause(5 + Math.random() * 10);
  }
}

async function inForce(folder: string): Promise<{ turn: number; owner: string }> {
  const turn = Math.max(0, ...(await readdir(folder)).map(Number).filter(Number.isInteger));
  if (turn === 0) return { turn, owner: FREE };
  return { turn, owner: await readlink(join(folder, String(turn))) };
}

async function claim(folder: string, turn: number): Promise<boolean> {
  try {
    await symlink(thisProcess(), join(folder, String(turn)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  // After a long pause the number may be an old one that was swept: then it is in force no more.
  if ((await inForce(folder)).turn !== turn) return false;
  await sweep(folder, turn - KEPT_TURNS);
  return true;
}

async function sweep(folder: string, upTo: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (Number(name) < upTo) await rm(join(folder, name), { force: true });
  }
}

function stuck(owner: string): EmbeddedError {
  const [pid] = owner.split(' ');
  return new EmbeddedError(
    `Process ${pid} has been starting or stopping the embedded PostgreSQL for two minutes. ` +
      'Wait for it or end it, then start again.',
  );
}

/** Adds a member to the folder. Call it under the lock. @returns what `removeMember` takes */
export async function addMember(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, randomUUID());
  await writeFile(file, thisProcess());
  return file;
}

export async function removeMember(member: string): Promise<void> {
  await rm(member, { force: true });
}

/** Whether a member lives; forgets the dead. Call it under the lock. */
export async function hasMembers(folder: string): Promise<boolean> {
  let alive = false;
  for (const name of await readdir(folder)) {
    const member = join(folder, name);
    if (isAlive((await readIfThere(member)) ?? '')) alive = true;
    else await removeMember(member);
  }
  return alive;
}

function thisProcess(): string {
  const identity = identityOf(process.pid);
  if (!identity) throw new EmbeddedError('Cannot tell one process from another: mount /proc.');
  return `${process.pid} ${identity}`;
}

/** The number alone says nothing: it may have been given to another process since. */
function isAlive(owner: string): boolean {
  const blank = owner.indexOf(' ');
  return blank > 0 && identityOf(Number(owner.slice(0, blank))) === owner.slice(blank + 1);
}
