import type { KeyObject } from 'node:crypto';
import { createHmac, createSecretKey, hash, randomUUID, timingSafeEqual } from 'node:crypto';

const LIFETIME_S = 30;
/** How far the clocks of two hosts may be apart, in seconds. */
const SKEW_S = 5;
const HEADER = encode({ alg: 'HS256', typ: 'JWT' });

/** What a signature covers: who asks whom, for what, with which body, until when. */
export interface SeamRequest {
  /** The module or host that sends; for the log of the receiver. */
  sender: string;
  /** The module that is to receive it. */
  receiver: string;
  method: string;
  /** Path and query, as on the request line. */
  path: string;
  body: string | Uint8Array;
  /** The address of the client whose request is handed on. */
  client?: string;
}

interface Claims {
  iss: string;
  aud: string;
  /** {@link SeamRequest.client} */
  cli?: string;
  /** Unique for every request, also for a repetition of the same message. */
  jti: string;
  iat: number;
  exp: number;
  /** Method and path. */
  req: string;
  /** SHA-256 of the body. */
  dig: string;
}

/** Made once for a secret: what it takes to make one is more than what it takes to sign. */
export const seamKey = (secret: string): KeyObject => createSecretKey(secret, 'utf8');

/**
 * Signs a request between processes: a JSON Web Token (RFC 7519, HS256), bound to sender, receiver, request line and
 * body, that expires after 30 seconds.
 */
export function signSeamRequest(key: KeyObject, request: SeamRequest): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims: Claims = {
    iss: request.sender,
    aud: request.receiver,
    jti: randomUUID(),
    iat,
    exp: iat + LIFETIME_S,
    req: requestLine(request),
    dig: digest(request.body),
    ...(request.client !== undefined && { cli: request.client }),
  };
  const signed = `${HEADER}.${encode(claims)}`;
  return `${signed}.${signature(key, signed).toString('base64url')}`;
}

/** Why a request between processes is refused. For the log; the sender is told no more than that it was. */
export class SeamRefusal extends Error {
  override readonly name = 'SeamRefusal';
}

/**
 * Checks the signatures of requests, and that each is used once.
 *
 * Uses are remembered by this process until they expire. A repetition that reaches another replica finds the outcome of
 * its command remembered in the database, and has no second effect either.
 */
export class SeamVerifier {
  /** By the second in which they expire: a token is looked for among its like, and a second that is over goes at once. */
  readonly #used = new Map<number, Set<string>>();

  /** @param keys those that may have signed: more than one while the secret is changed */
  constructor(private readonly keys: readonly KeyObject[]) {}

  /**
   * Checks everything but the body, so that nobody's is read who has not signed.
   *
   * @param receivers the modules that run here
   * @returns who sent it
   * @throws SeamRefusal when it is not signed by a holder of the secret, is stale, or is not meant for this request
   */
  check(
    token: string | undefined,
    request: Pick<SeamRequest, 'method' | 'path'>,
    receivers: ReadonlySet<string>,
  ): Claims {
    const claims = this.#claims(token);
    const now = Date.now() / 1000;
    if (claims.exp < now - SKEW_S || claims.iat > now + SKEW_S) throw new SeamRefusal('the signature has expired');
    if (!(claims.exp - claims.iat <= LIFETIME_S)) throw new SeamRefusal('the signature is good for too long');
    if (!receivers.has(claims.aud)) throw new SeamRefusal(`it is meant for ${claims.aud}, which does not run here`);
    if (claims.req !== requestLine(request)) throw new SeamRefusal('it was signed for another request');
    return claims;
  }

  /** Takes a request whose claims are good. @throws SeamRefusal when its body is another one, or it was taken before */
  accept(claims: Claims, body: string | Uint8Array): void {
    if (claims.dig !== digest(body)) throw new SeamRefusal('its body is not the one that was signed');
    this.#useOnce(claims, Date.now() / 1000);
  }

  #claims(token: string | undefined): Claims {
    const [header, claims, given] = (token ?? '').split('.');
    if (!header || !claims || !given) throw new SeamRefusal('it is not signed');
    const actual = Buffer.from(given, 'base64url');
    const isSignedBy = (key: KeyObject) => {
      const expected = signature(key, `${header}.${claims}`);
      return actual.length === expected.length && timingSafeEqual(actual, expected);
    };
    if (header !== HEADER || !this.keys.some(isSignedBy)) throw new SeamRefusal('its signature is wrong');
    return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims;
  }

  #useOnce({ jti, exp }: Claims, now: number): void {
    const used = this.#used.get(exp) ?? this.#begin(exp, now);
    if (used.has(jti)) throw new SeamRefusal('it was sent before');
    used.add(jti);
  }

  #begin(exp: number, now: number): Set<string> {
    for (const old of this.#used.keys()) if (old + SKEW_S < now) this.#used.delete(old);
    const used = new Set<string>();
    this.#used.set(exp, used);
    return used;
  }
}

const requestLine = ({ method, path }: Pick<SeamRequest, 'method' | 'path'>) => `${method} ${path}`;

function digest(body: string | Uint8Array): string {
  return hash('sha256', body, 'base64url');
}

function signature(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
