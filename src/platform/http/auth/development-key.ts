import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { exportJWK, generateKeyPair } from 'jose';

/**
 * The key pair that signs development tokens: a private JWK in `<dataDir>/dev-jwt-key.json`, made at first use and
 * readable by its owner only. Processes that start at once agree on one.
 *
 * @throws Error that names the file, when there is something else in it
 */
export async function developmentKey(dataDir: string): Promise<JWK> {
  const file = join(dataDir, 'dev-jwt-key.json');
  const known = await readKey(file);
  if (known) return known;
  await mkdir(dataDir, { recursive: true });
  await createKey(file);
  return (await readKey(file))!;
}

/** Written aside and linked into place: the file is there with all of its content or not at all, and the first one stays. */
async function createKey(file: string): Promise<void> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: randomUUID() };
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(jwk), { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readKey(file: string): Promise<JWK | undefined> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parsedKey(content, file);
}

function parsedKey(content: string, file: string): JWK {
  try {
    const key = JSON.parse(content) as JWK;
    if (key.kty === 'EC' && key.crv === 'P-256' && key.x && key.y && key.d) return key;
  } catch {
    // Not even JSON: the same answer, without its content.
  }
  throw new Error(`${file} holds no key. Remove it: a new one is made, and tokens from before no longer work.`);
}
