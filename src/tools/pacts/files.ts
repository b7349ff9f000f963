import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../lib/cli.js';
import type { Pact } from './pact.js';
import { MESSAGES } from './pact.js';

/** Where pacts lie in a repository, those of its modules and those of others with them. */
export const PACTS = 'contracts/pacts';

/** The module that has to meet a pact. */
export const providerOf = ({ provider: { name } }: Pact) =>
  name.endsWith(MESSAGES) ? name.slice(0, -MESSAGES.length) : name;

export const fileOf = ({ consumer, provider }: Pact) => `${consumer.name}-${provider.name}.json`;

/** All pacts of a repository, by the name of their file. @throws UsageError for a file that is none */
export function readPacts(root: string): Map<string, Pact> {
  const folder = join(root, PACTS);
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.sort().map((name) => [name, parsed(join(folder, name), name)]));
}

function parsed(path: string, name: string): Pact {
  let pact: Partial<Pact>;
  try {
    pact = JSON.parse(readFileSync(path, 'utf8')) as Partial<Pact>;
  } catch (error) {
    return fail(`${PACTS}/${name} is no JSON: ${(error as Error).message}. Run "npm run pacts -- record".`);
  }
  if (!pact.consumer || !pact.provider || !Array.isArray(pact.interactions) || fileOf(pact as Pact) !== name)
    return fail(`${PACTS}/${name} is no pact of the consumer and provider in its name. Run "npm run pacts -- record".`);
  return pact as Pact;
}

const textOf = (pact: Pact) => `${JSON.stringify(pact, null, 2)}\n`;

/**
 * What differs from the pacts of the consumers whose specs are here: files to write, and to remove (`undefined`).
 * @param consumers the modules whose code is here; pacts of others are not looked at
 */
export function changesTo(
  root: string,
  pacts: readonly Pact[],
  consumers: ReadonlySet<string>,
): Map<string, string | undefined> {
  const now = new Map(pacts.map((pact) => [fileOf(pact), textOf(pact)]));
  const changes = new Map<string, string | undefined>();
  for (const [name, text] of now) {
    const path = join(root, PACTS, name);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) changes.set(name, text);
  }
  for (const [name, pact] of readPacts(root))
    if (consumers.has(pact.consumer.name) && !now.has(name)) changes.set(name, undefined);
  return changes;
}

export function write(root: string, changes: ReadonlyMap<string, string | undefined>): void {
  const folder = join(root, PACTS);
  for (const [name, text] of changes) {
    if (text === undefined) rmSync(join(folder, name));
    else {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  }
}
