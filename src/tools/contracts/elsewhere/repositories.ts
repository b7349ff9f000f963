import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ServedContracts } from '../../../served-contracts.js';
import { fail } from '../../lib/cli.js';
import { readRecorded } from '../recorded/files.js';

const Served = z.object({
  modules: z.record(
    z.string(),
    z.object({
      lives: z.enum(['here', 'elsewhere']),
      messages: z.record(z.string(), z.looseObject({ kind: z.string() })),
      consumes: z.record(z.string(), z.array(z.string())).optional(),
      dependsOn: z.array(z.string()).optional(),
    }),
  ),
});

/**
 * The contracts of another repository, or of what runs somewhere.
 *
 * @param place a folder, or the address of a listener for operations: `CONTRACTS_TOKEN` is sent there
 * @throws UsageError that says why it cannot be read
 */
export async function contractsAt(place: string, env: NodeJS.ProcessEnv): Promise<ServedContracts> {
  return /^https?:\/\//.test(place) ? await askFor(place, env['CONTRACTS_TOKEN']) : readFolder(place);
}

async function askFor(place: string, token: string | undefined): Promise<ServedContracts> {
  const url = new URL('/_ops/contracts', place).href;
  const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) }).catch((error: Error) =>
    fail(`${url} does not answer: ${error.cause instanceof Error ? error.cause.message : error.message}.`),
  );
  if (answer.status === 401 || answer.status === 403)
    return fail(`${url} refuses: set CONTRACTS_TOKEN to the one that its process has, or to a token of its staff.`);
  if (!answer.ok) return fail(`${url} answers ${answer.status}: expected the listener of OPS_PORT.`);
  const read = Served.safeParse(await answer.json().catch(() => undefined));
  return read.success
    ? (read.data as unknown as ServedContracts)
    : fail(`${url} answers something else than contracts.`);
}

function readFolder(root: string): ServedContracts {
  const folder = join(root, 'modules');
  if (!existsSync(folder)) return fail(`${root} has no modules: expected a repository, or http://host:port.`);
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'module.json')));
  const modules = names.map((name) => {
    const { elsewhere, consumes, dependsOn } = JSON.parse(readFileSync(join(folder, name, 'module.json'), 'utf8')) as {
      elsewhere?: string;
      consumes?: Record<string, string[]>;
      dependsOn?: object;
    };
    const { snapshot } = readRecorded(root, name);
    const lives = elsewhere === undefined ? ('here' as const) : ('elsewhere' as const);
    const needs = { ...(consumes && { consumes }), ...(dependsOn && { dependsOn: Object.keys(dependsOn) }) };
    return [name, { lives, messages: snapshot, ...needs }] as const;
  });
  return { modules: Object.fromEntries(modules) };
}
