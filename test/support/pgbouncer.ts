import { execFileSync } from 'node:child_process';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from '../../src/platform/testing/eventually.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import type { RunningProcess } from './host-process.js';
import { runProcess } from './host-process.js';
import type { Program } from './programs.js';
import { findProgram } from './programs.js';
import { openFolder } from './stage.js';

/** A PgBouncer in transaction mode, in front of one server. It ends with the file of tests. */
export class PgBouncer {
  private constructor(
    readonly port: number,
    private readonly process: RunningProcess,
  ) {}

  /**
   * Starts it with its own defaults, but for transaction mode.
   *
   * @param logins URLs of one server, whose users it lets through
   * @param settings such as `{ max_prepared_statements: 0 }`
   */
  static async before(
    logins: readonly string[],
    settings: Readonly<Record<string, string | number>> = {},
    program: Program = 'pgbouncer',
  ): Promise<PgBouncer> {
    const [folder, [port], file] = [await openFolder(), await freePorts(1), findProgram(program)!];
    const { hostname, port: serverPort } = new URL(logins[0]!);
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: port!,
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: join(folder, 'users'),
      admin_users: 'watcher',
      pool_mode: 'transaction',
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
    const config = join(folder, 'pgbouncer.ini');
    await writeFile(config, `[databases]\n* = host=${hostname} port=${serverPort}\n[pgbouncer]\n${lines.join('\n')}\n`);
    await writeFile(all.auth_file, [WATCHER, ...logins].map(userOf).join(''));
    const account = await otherAccount();
    if (account) for (const path of [folder, config, all.auth_file]) await chown(path, account.uid, account.gid);
    const started = new PgBouncer(port!, runProcess(file, [config], { cwd: '/', ...account }));
    await eventually(() => started.#ask('SHOW VERSION'), 'PgBouncer being ready', 10_000);
    return started;
  }

  /** The same login, by this pooler. */
  through(url: string): string {
    return Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(this.port) }).href;
  }

  /** Connections to the server that it holds now, of one role. */
  async connections(user: string): Promise<number> {
    return (await this.#ask('SHOW SERVERS')).filter((each) => each['user'] === user).length;
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  async #ask(text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.through(WATCHER) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }
}

const WATCHER = 'postgres://watcher:of-the-pooler@127.0.0.1/pgbouncer';

function userOf(login: string): string {
  const { username, password } = new URL(login);
  return `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`;
}

/** It does not run as root. */
async function otherAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((which) => Number(execFileSync('id', [which, 'nobody']))) as [number, number];
  return { uid, gid };
}
