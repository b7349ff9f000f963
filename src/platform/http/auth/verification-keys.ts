import type { CryptoKey, JWTVerifyGetKey } from 'jose';
import { createRemoteJWKSet, errors, importJWK } from 'jose';
import { Unavailable } from '../../messaging/errors.js';
import type { Logger } from '../../observability/logging.js';
import { developmentKey } from './development-key.js';

/** How long the issuer may take to hand out its keys. */
const FETCH_TIMEOUT_MS = 3000;
/** The keys are fetched again when they are older: so long a key is good at most after the issuer has withdrawn it. */
const REFRESH_INTERVAL_MS = 10 * 60_000;
/** So long the known keys stay good while the issuer does not answer. */
const MAX_KEY_AGE_MS = 24 * 3_600_000;
/** After an attempt nothing is fetched for so long, where there are keys: neither for unknown ones, nor after a failure. */
const COOLDOWN_MS = 30_000;
/** While the issuer does not answer, the log says so in this interval. */
const LOG_INTERVAL_MS = 5 * 60_000;

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
 * The keys of an issuer.
 *
 * - They are fetched at first use, again after ten minutes, and when a key is asked for that is not among them: at once,
 *   but at most every 30 seconds.
 * - While the issuer does not answer, the known ones stay good for 24 hours. What cannot be judged by them is
 *   `Unavailable`, and no refusal.
 * - A key that the issuer has withdrawn is good for ten minutes at most; for 24 hours if the issuer does not answer.
 */
export function remoteKeys(url: string, log?: Pick<Logger, 'warn' | 'info'>): JWTVerifyGetKey {
  const keys = new RemoteKeys(url, log);
  return (header, token) => keys.find(header, token);
}

class RemoteKeys {
  readonly #set;
  #fetching: Promise<boolean> | undefined;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;
  #loggedAt = -Infinity;
  #failure: unknown;

  constructor(
    private readonly url: string,
    private readonly log: Pick<Logger, 'warn' | 'info'> | undefined,
  ) {
    // When to fetch is decided here.
    const never = { cacheMaxAge: Infinity, cooldownDuration: Infinity };
    this.#set = createRemoteJWKSet(new URL(url), { timeoutDuration: FETCH_TIMEOUT_MS, ...never });
  }

  async find(...asked: Parameters<JWTVerifyGetKey>): Promise<CryptoKey> {
    if (age(this.#fetchedAt) >= REFRESH_INTERVAL_MS) await this.#fetch();
    if (age(this.#fetchedAt) >= MAX_KEY_AGE_MS) throw this.#unavailable();
    try {
      return await this.#set(...asked);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return await this.#findAmongNew(asked, error);
    }
  }

  async #findAmongNew(asked: Parameters<JWTVerifyGetKey>, unknown: Error): Promise<CryptoKey> {
    if (age(this.#fetchedAt) < COOLDOWN_MS) throw unknown;
    if (!(await this.#fetch())) throw this.#unavailable();
    return await this.#set(...asked);
  }

  /** @returns whether the keys are new; those who ask at the same time wait for the same answer */
  async #fetch(): Promise<boolean> {
    // Without any key every request needs them: whoever asks waits for the same answer.
    if (Number.isFinite(this.#fetchedAt) && age(this.#failedAt) < COOLDOWN_MS) return false;
    this.#fetching ??= this.#load().finally(() => (this.#fetching = undefined));
    return await this.#fetching;
  }

  async #load(): Promise<boolean> {
    try {
      await this.#set.reload();
    } catch (error) {
      this.#failed(error);
      return false;
    }
    if (this.#loggedAt > -Infinity) this.log?.info({ url: this.url }, 'the keys of the issuer can be fetched again');
    [this.#fetchedAt, this.#failedAt, this.#loggedAt] = [Date.now(), -Infinity, -Infinity];
    return true;
  }

  #failed(err: unknown): void {
    this.#failure = err;
    this.#failedAt = Date.now();
    if (age(this.#loggedAt) < LOG_INTERVAL_MS) return;
    this.#loggedAt = Date.now();
    const known = Number.isFinite(this.#fetchedAt) ? new Date(this.#fetchedAt + MAX_KEY_AGE_MS).toISOString() : 'none';
    this.log?.warn({ err, url: this.url, knownKeysGoodUntil: known }, 'cannot fetch the keys of the issuer');
  }

  #unavailable(): Unavailable {
    return new Unavailable('The keys that check tokens cannot be fetched.', 'down', { cause: this.#failure });
  }
}

const age = (at: number) => Date.now() - at;
