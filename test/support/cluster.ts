import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { eventually } from '../../src/platform/testing/eventually.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { afterwards, openFolder } from './stage.js';

const run = promisify(execFile);
const PASSWORD = 'of-the-cluster';

/** A PostgreSQL of this machine, not the embedded one: with a version of its own, and standbys. It ends with the file of tests. */
export class Cluster {
  readonly adminUrl: string;
  #server: ChildProcess | undefined;

  private constructor(
    private readonly bin: string,
    readonly data: string,
    readonly port: number,
    private readonly settings: readonly string[],
    private readonly fileBytes?: number,
  ) {
    this.adminUrl = `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`;
  }

  /** A new one, running. @param settings such as `wal_level=logical` */
  static async start(...settings: string[]): Promise<Cluster> {
    return await Cluster.#make(settings);
  }

  /** A new one that finds no room for more in a file of so many bytes, as if the disk were full. */
  static async limited(fileBytes: number, ...settings: string[]): Promise<Cluster> {
    return await Cluster.#make(settings, fileBytes);
  }

  static async #make(settings: string[], fileBytes?: number): Promise<Cluster> {
    const [folder, bin, [port]] = [await ownedFolder(), await programs(), await freePorts(1)];
    const secret = join(folder, 'password');
    await writeFile(secret, PASSWORD);
    const data = join(folder, 'data');
    const options = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${secret}`, '--no-sync'];
    await chownAll(secret);
    await run(join(bin, 'initdb'), options, await account());
    return await new Cluster(bin, data, port!, settings, fileBytes).#begin();
  }

  /** A standby of it that streams, running. */
  async standby(...settings: string[]): Promise<Cluster> {
    const [folder, [port]] = [await ownedFolder(), await freePorts(1)];
    const data = join(folder, 'data');
    await run(join(this.bin, 'pg_basebackup'), ['-D', data, '-R', '-c', 'fast', '-d', this.adminUrl], await account());
    return await new Cluster(this.bin, data, port!, settings).#begin();
  }

  async query<T extends pg.QueryResultRow>(text: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.adminUrl });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** SIGKILL to the server and, by itself, to all of its processes. */
  async crash(): Promise<void> {
    const ended = once(this.#server!, 'exit');
    this.#server!.kill('SIGKILL');
    await ended;
  }

  async #begin(): Promise<this> {
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', ...this.settings];
    const options = ['-D', this.data, '-p', String(this.port), ...settings.flatMap((each) => ['-c', each])];
    const limit = this.fileBytes === undefined ? 'unlimited' : String(this.fileBytes / 1024);
    const command = ['-c', 'ulimit -f "$1"; shift; exec "$@"', 'bash', limit, join(this.bin, 'postgres'), ...options];
    this.#server = spawn('bash', command, { stdio: 'ignore', ...(await account()) });
    afterwards(async () => this.#server!.exitCode === null && !this.#server!.killed && (await this.#stop()));
    await eventually(() => this.query('SELECT 1'), 'the cluster being ready', 60_000);
    return this;
  }

  async #stop(): Promise<void> {
    const ended = once(this.#server!, 'exit');
    this.#server!.kill('SIGINT');
    await ended;
  }
}

/** Where the programs of the machine lie: Debian keeps each version in a folder of its own. */
async function programs(): Promise<string> {
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => [] as string[]);
  const last = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  if (last) return join(debian, last, 'bin');
  return (await run('pg_config', ['--bindir'])).stdout.trim();
}

/** PostgreSQL does not run as root: then as the user that its package has made. */
async function account(): Promise<{ uid?: number; gid?: number; cwd: string }> {
  if (process.getuid?.() !== 0) return { cwd: '/' };
  const ids = await Promise.all(['-u', '-g'].map((which) => run('id', [which, 'postgres'])));
  const [uid, gid] = ids.map(({ stdout }) => Number(stdout)) as [number, number];
  return { uid, gid, cwd: '/' };
}

async function ownedFolder(): Promise<string> {
  const folder = await openFolder();
  await chownAll(folder);
  return folder;
}

async function chownAll(path: string): Promise<void> {
  const { uid, gid } = await account();
  if (uid !== undefined) await chown(path, uid, gid!);
}
