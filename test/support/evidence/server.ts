import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { joinEmbedded } from '../../../src/dev/postgres/embedded.js';
import { stopServer } from '../../../src/dev/postgres/embedded-server.js';

/** A PostgreSQL of its own that can be taken away and comes back where it was. `fsync` is on. */
export class OwnServer {
  private constructor(
    readonly adminUrl: string,
    private readonly folder: string,
    private readonly data: string,
    readonly version: string,
  ) {}

  static async start(): Promise<OwnServer> {
    const folder = await mkdtemp(join(tmpdir(), 'liftout-evidence-'));
    await chmod(folder, 0o755);
    const { adminUrl } = await joinEmbedded(folder, { fsync: true });
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    const settings = await client.query(
      `SELECT current_setting('data_directory') AS data, current_setting('server_version') AS version`,
    );
    await client.end();
    return new OwnServer(adminUrl, folder, settings.rows[0].data as string, settings.rows[0].version as string);
  }

  /** Ends all sessions, writes everything down, starts again. */
  async restart(): Promise<void> {
    await stopServer(this.data);
    await joinEmbedded(this.folder, { fsync: true });
  }

  /** SIGKILL to the server; its next start recovers from the log. */
  async crash(): Promise<void> {
    process.kill(Number((await readFile(join(this.data, 'postmaster.pid'), 'utf8')).split('\n')[0]), 'SIGKILL');
    await joinEmbedded(this.folder, { fsync: true });
  }

  async remove(): Promise<void> {
    await stopServer(this.data);
    await rm(this.folder, { recursive: true, force: true });
  }
}
