import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { joinEmbedded } from '../../src/dev/postgres/embedded.js';
import { createDatabase, dropDatabase } from '../../src/platform/testing/index.js';
import { killAll } from '../support/host-process.js';

/**
 * Runs `work` with a PostgreSQL of its own that forgets nothing: `fsync` and `synchronous_commit` are on.
 * @param setting a statement that changes a setting which the server reads when it starts
 */
export async function withServer<T>(work: (version: string) => Promise<T>, setting?: string): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'liftout-bench-'));
  await chmod(folder, 0o755);
  let server = await joinEmbedded(folder, { fsync: true });
  if (setting) {
    const pool = poolOf(server.adminUrl, 1);
    await pool.query(setting);
    await pool.end();
    await server.leave();
    server = await joinEmbedded(folder, { fsync: true });
  }
  process.env['TEST_DATABASE_URL'] = server.adminUrl;
  const clear = async () => {
    await server.leave();
    await rm(folder, { recursive: true, force: true });
  };
  const interrupted = () =>
    void killAll()
      .then(clear)
      .finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await work(await versionOf(server.adminUrl));
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await clear();
  }
}

/** An empty database and an administrator's connections to it. */
export class Place {
  private constructor(
    readonly url: string,
    readonly pool: pg.Pool,
    private readonly own: boolean,
  ) {}

  static async make(): Promise<Place> {
    const url = await createDatabase();
    return new Place(url, poolOf(url, 4), true);
  }

  /** One that another process has made. */
  static at(url: string): Place {
    return new Place(url, poolOf(url, 4), false);
  }

  async drop(): Promise<void> {
    await this.pool.end();
    if (this.own) await dropDatabase(this.url);
  }
}

export function poolOf(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max });
  pool.on('error', () => undefined);
  return pool;
}

async function versionOf(url: string): Promise<string> {
  const pool = poolOf(url, 1);
  const { rows } = await pool.query(`SELECT current_setting('server_version') AS version`);
  await pool.end();
  return rows[0].version as string;
}
