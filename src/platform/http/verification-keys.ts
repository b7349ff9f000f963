import type { JWTVerifyGetKey } from 'jose';
import { createRemoteJWKSet, errors, importJWK } from 'jose';
import { Unavailable } from '../messaging/errors.js';
import { developmentKey } from './development-key.js';

/** How long the issuer may take to hand out its keys. */
const KEYS_TIMEOUT_MS = 3000;

/** The public half of the development key, read at first use. */
export function developmentKeys(dataDir: string): JWTVerifyGetKey {
  let key: ReturnType<typeof publicKey> | undefined;
  const forget = (error: unknown) => {
    key = undefined;
    throw error;
  };
  return () => (key ??= publicKey(dataDir).catch(forget));
}

async function publicKey(dataDir: string) {
  const { d: _, ...rest } = await developmentKey(dataDir);
  return importJWK(rest, 'ES256');
}

/**
 * The keys of an issuer: fetched at first use, again after ten minutes, and when one is asked for that was not there.
 * What they throw is Unavailable unless it is about the token.
 */
export function remoteKeys(url: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: KEYS_TIMEOUT_MS });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      throw new Unavailable('The keys that check tokens cannot be had.', 'down', { cause: error });
    }
  };
}

/** The keys are there, but none fits. Anything else speaks of the endpoint. */
function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
