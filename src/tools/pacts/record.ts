import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../platform/bounded-context.js';
import type { MessageClass } from '../../platform/messaging/define.js';
import type { Expectation } from '../../platform/testing/index.js';
import { EXPECTATIONS } from '../../platform/testing/index.js';
import type { Manifest } from '../boundaries/modules/manifest.js';
import { publishedBy } from '../contracts/describe.js';
import { fail } from '../lib/cli.js';
import { runJest } from '../test/jest.js';
import { readSpecs } from '../test/tiers.js';
import type { Known, Pact } from './pact.js';
import { pactsOf } from './pact.js';

/**
 * Runs the specs of the modules that script their neighbours, and makes pacts of what they expect.
 *
 * @param contexts every module
 * @param here the modules whose code is here
 * @throws UsageError when a spec fails: it says nothing then
 */
export async function record(root: string, contexts: readonly Context[], here: ReadonlySet<string>): Promise<Pact[]> {
  const folder = mkdtempSync(join(tmpdir(), 'expectations-'));
  try {
    const specs = readSpecs().filter(
      (spec) => spec.startsWith('modules') && /\bneighbours:/.test(readFileSync(spec, 'utf8')),
    );
    if (specs.length === 0) return [];
    process.env[EXPECTATIONS] = folder;
    // A second of Jest's own lines for each file is nothing that anybody has asked for.
    const code = await runJest(['--silent', '--runTestsByPath', ...specs]);
    if (code !== 0) return fail('Nothing was recorded, for a spec has failed: see above.');
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const all = files.flatMap((text) => JSON.parse(text) as Expectation[]).filter(({ consumer }) => here.has(consumer));
    return pactsOf(all, knownIn(root, contexts));
  } finally {
    delete process.env[EXPECTATIONS];
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Looks up a message, and what a consumer says in its manifest that it needs of it. */
function knownIn(root: string, contexts: readonly Context[]) {
  const types = contexts.flatMap((context) => publishedBy(context) as readonly MessageClass[]);
  const byName = new Map(types.map((type) => [type.definition.name, type]));
  return (consumer: string, message: string): Known | undefined => {
    const type = byName.get(message);
    return type && { type, needed: consumesOf(root, consumer)[message] };
  };
}

/** What a module says that it needs of the messages of others. */
function consumesOf(root: string, module: string): NonNullable<Manifest['consumes']> {
  const path = join(root, 'modules', module, 'module.json');
  return existsSync(path) ? ((JSON.parse(readFileSync(path, 'utf8')) as Manifest).consumes ?? {}) : {};
}

/** The messages that a module says it consumes, and no spec of it scripts. */
export function unscripted(root: string, module: string, pacts: readonly Pact[]): string[] {
  const scripted = pacts
    .filter(({ consumer }) => consumer.name === module)
    .flatMap(({ interactions }) => interactions.map(({ description }) => description.replace(/\.reply$/, '')));
  return Object.keys(consumesOf(root, module)).filter((message) => !scripted.includes(message));
}
