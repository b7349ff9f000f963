import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedError, WAY_OUT } from './embedded-error.js';

/** An operating system user to run a program as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * What tells a process from a later one with the same number: the boot and the moment it started.
 *
 * @returns undefined when there is no such process; one that ended and was not reaped counts as gone
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=') || undefined;
  const stat = read(`/proc/${pid}/stat`);
  // The second field, the program's name in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startedAt] = [fields[0], fields[19]];
  if (!startedAt || state === 'Z' || state === 'X') return undefined;
  return `${read('/proc/sys/kernel/random/boot_id').trim()}/${startedAt}`;
}

/** The program and arguments of a process, separated by blanks; empty when it is gone. */
export function commandLineOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'args=');
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** macOS has no /proc. Zone and language are fixed, as the text is compared between processes. */
function ps(pid: number, column: 'lstart=' | 'args='): string {
  try {
    const args = ['-ww', '-o', 'stat=', '-o', column, '-p', String(pid)];
    const env = { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' };
    const line = execFileSync('ps', args, { encoding: 'utf8', env, stdio: 'pipe' }).trim();
    return line.startsWith('Z') ? '' : line.replace(/^\S+\s+/, '');
  } catch {
    return '';
  }
}

/**
 * The environment of PostgreSQL's programs. Not the application's: the server outlives it, under
 * another user perhaps, and needs no secret of it. Messages in English, as they are looked into.
 */
export function environment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  return { PATH, ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }), LC_ALL: 'C' };
}

/**
 * Runs a program to its end.
 *
 * @throws EmbeddedError when it cannot be executed at all; a failure of its own is in `code`
 */
export async function run(
  file: string,
  args: string[],
  account?: Account,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(file, args, {
    cwd: '/',
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(notExecutable(file, error, account)));
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** What to say when `spawn` itself fails. */
export function notExecutable(file: string, cause: Error, account?: Account): EmbeddedError {
  const user = account ? ` as the user ${account.name}` : '';
  const { code } = cause as NodeJS.ErrnoException;
  const hint =
    code === 'ENOENT'
      ? 'Its C library may be missing: the binaries need glibc, which Alpine Linux does not have.'
      : 'Start as an ordinary user, or allow this one to switch users and execute that file.';
  const message = `Cannot execute ${file}${user} (${code}). ${hint} ${WAY_OUT}`;
  return new EmbeddedError(message, { cause });
}

/** Polls until the condition holds. @returns false when `patience` milliseconds were not enough */
export async function until(condition: () => Promise<boolean>, patience: number): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > deadline) return false;
    await pause(10);
  }
  return true;
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** @returns undefined when there is no such file; other failures are thrown */
export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Writes a file only its owner can read, whole or not at all. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true });
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
