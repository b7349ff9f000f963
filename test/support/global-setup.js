import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinEmbedded } from '../../dist/src/dev/postgres/embedded.js';

/**
 * One real PostgreSQL for the whole test run, unless there is one already; each spec makes databases of its own on it.
 */
export default async function setup() {
  process.env.SPECS_ENV = JSON.stringify(await variablesOfModules());
  if (process.env.TEST_DATABASE_URL) return;
  const dataDir = await mkdtemp(join(tmpdir(), 'liftout-test-'));
  const server = await joinEmbedded(dataDir, { fsync: false });
  process.env.TEST_DATABASE_URL = server.adminUrl;
  globalThis.stopTestDatabase = async () => {
    await server.leave();
    await rm(dataDir, { recursive: true, force: true });
  };
}

/** What `defineConfig` says that variables are in specs: for processes that specs start. */
async function variablesOfModules() {
  try {
    const [{ modules }, { specsEnvOf }] = await Promise.all([
      import('../../dist/src/modules.js'),
      import('../../dist/src/platform/testing/wiring.js'),
    ]);
    return specsEnvOf(modules);
  } catch {
    // A module that cannot be loaded fails the specs that load it, and no other.
    return {};
  }
}
