import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Type } from '@nestjs/common';
import { joinEmbedded } from '../../dev/postgres/embedded.js';
import { contextOptions } from '../../platform/bounded-context.js';
import type { PactStates } from '../../platform/testing/index.js';
import type { Pact } from './pact.js';
import { providerOf } from './files.js';
import { verify } from './verify.js';

/** What came of the pacts of one module. */
interface Verdict {
  readonly module: string;
  readonly interactions: number;
  readonly seconds: number;
  /** Of each pact, a paragraph each. */
  readonly failures: ReadonlyMap<Pact, readonly string[]>;
}

/** Verifies the pacts of modules, one after the other, on a PostgreSQL of its own unless `TEST_DATABASE_URL` names one. */
export async function verifyAll(
  modules: readonly Type[],
  names: readonly string[],
  pacts: readonly Pact[],
  done: (verdict: Verdict) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pacts-'));
  const server = process.env['TEST_DATABASE_URL']
    ? undefined
    : await joinEmbedded(join(dataDir, 'pg'), { fsync: false });
  if (server) process.env['TEST_DATABASE_URL'] = server.adminUrl;
  try {
    for (const name of names) {
      const own = pacts.filter((pact) => providerOf(pact) === name);
      if (own.length === 0) continue;
      const since = Date.now();
      const module = modules.find((each) => contextOptions(each)!.name === name)!;
      const neighbours = modules.filter((each) => each !== module);
      const states = await statesOf(name);
      const failures = await verify({ module, neighbours, states, env: { DATA_DIR: dataDir } }, own);
      const interactions = own.reduce((sum, pact) => sum + pact.interactions.length, 0);
      const seconds = (Date.now() - since) / 1000;
      await done({
        module: name,
        interactions,
        seconds,
        failures: new Map(own.map((pact, n) => [pact, failures[n]!])),
      });
    }
  } finally {
    await server?.leave();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** None where the file is missing: then each state is, by name. */
async function statesOf(module: string): Promise<PactStates> {
  const path = join(import.meta.dirname, '../../../modules', module, 'pact-states.js');
  if (!existsSync(path)) return {};
  return ((await import(pathToFileURL(path).href)) as { pactStates: PactStates }).pactStates;
}
