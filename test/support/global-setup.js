import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinEmbedded } from '../../dist/src/platform/persistence/embedded.js';

/**
 * One real PostgreSQL for the whole test run, unless there is one already; each spec makes databases of its own on it.
 */
export default async function setup() {
  if (process.env.TEST_DATABASE_URL) return;
  const dataDir = await mkdtemp(join(tmpdir(), 'liftout-test-'));
  const server = await joinEmbedded(dataDir, { fsync: false });
  process.env.TEST_DATABASE_URL = server.adminUrl;
  globalThis.stopTestDatabase = async () => {
    await server.leave();
    await rm(dataDir, { recursive: true, force: true });
  };
}
