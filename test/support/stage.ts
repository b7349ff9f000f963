import { afterAll } from '@jest/globals';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinEmbedded } from '../../src/dev/postgres/embedded.js';
import { moduleUrl } from '../../src/platform/connection/urls.js';
import { createDatabase, dropDatabase } from '../../src/platform/testing/index.js';
import type { HostEnv } from './host-process.js';
import { killAll } from './host-process.js';

/** What a spec that starts processes leaves behind is cleared away after its file: first the processes, then the rest. */
const clearings: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  await killAll();
  for (const clear of clearings.reverse()) await clear();
}, 60_000);

/** Has something done when the file is over and its processes have ended: last first. */
export function afterwards(clear: () => Promise<unknown>): void {
  clearings.push(clear);
}

/** An empty folder of the spec's own. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'liftout-host-'));
  afterwards(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty folder that other users may pass through, as the one has to as whom PostgreSQL runs where root runs the tests. */
export async function openFolder(): Promise<string> {
  const folder = await emptyFolder();
  await chmod(folder, 0o755);
  return folder;
}

/** An empty folder in which hosts keep their embedded database; its server is stopped even if they all were killed. */
export async function embeddedFolder(): Promise<string> {
  const folder = await emptyFolder();
  afterwards(async () => (await joinEmbedded(folder)).leave());
  return folder;
}

/** An empty database on the tests' server, or on another one. @returns its administrator's URL */
export async function emptyDatabase(server?: string): Promise<string> {
  const url = await createDatabase(server);
  // Another server goes with all that is on it.
  if (!server) afterwards(() => dropDatabase(url));
  return url;
}

/** The login of a module in a database of an administrator, as it is in development. */
export const loginAt = (adminUrl: string, module: string): string => moduleUrl(adminUrl, module);

/** A second PostgreSQL server, beside that of the tests. @returns its administrator's URL of an empty database */
export async function otherServer(): Promise<string> {
  const server = await joinEmbedded(await openFolder(), { fsync: false });
  afterwards(() => server.leave());
  return server.adminUrl;
}

/** The environment of a quiet host on a database and in a folder of its own, without a rate limit. */
export async function ownEnv(): Promise<HostEnv & { DATA_DIR: string; DATABASE_URL: string }> {
  const [DATA_DIR, DATABASE_URL] = await Promise.all([emptyFolder(), emptyDatabase()]);
  return { DATA_DIR, DATABASE_URL, RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
}
