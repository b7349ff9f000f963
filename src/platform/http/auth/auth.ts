import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { errors, importJWK, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Actor } from '../../messaging/context/context.js';
import type { Logger } from '../../observability/logging.js';
import { developmentKey } from './development-key.js';
import { RequestRefused } from '../problems/problem.js';
import type { Role } from './roles.js';
import { ROLES } from './roles.js';
import { developmentKeys, remoteKeys } from './verification-keys.js';

const DEVELOPMENT = { issuer: 'liftout-development', audience: 'liftout' };

/** Never an algorithm with a shared secret: whoever can check a token could make one. */
const ASYMMETRIC = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
];

/** How far the clocks of the issuer and ours may differ, in seconds. */
const CLOCK_SKEW = 5;

/** Who signs users' tokens in production. */
export interface Issuer {
  issuer: string;
  audience: string;
  /** Where its public keys are. */
  jwksUrl: string;
}

/** The issuer, or the folder with the development key. */
type AuthConfig = Issuer | { dataDir: string };

/**
 * Checks a bearer token.
 *
 * @throws RequestRefused 401, when it is none of the issuer's or has expired
 * @throws Unavailable when the issuer's keys cannot be had
 */
export type Verifier = (token: string) => Promise<Verified>;

export interface Verified {
  actor: Actor;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

const Claims = z.object({
  sub: z.string().regex(/^[^\p{Cc}\p{Cs}]{1,200}$/u),
  role: z.enum(ROLES),
  exp: z.number(),
});

/** Makes the verifier of one issuer. @param log told when the keys of the issuer cannot be fetched: {@link remoteKeys} */
export function createVerifier(config: AuthConfig, log?: Pick<Logger, 'warn' | 'info'>): Verifier {
  if ('dataDir' in config) return verifier(developmentKeys(config.dataDir), { ...DEVELOPMENT, algorithms: ['ES256'] });
  const { issuer, audience, jwksUrl } = config;
  return verifier(remoteKeys(jwksUrl, log), { issuer, audience, algorithms: ASYMMETRIC, clockTolerance: CLOCK_SKEW });
}

/**
 * Makes a token that this machine accepts in development.
 *
 * @param ttl how long it lives: a number and `s`, `m`, `h` or `d`
 */
export async function mintDevelopmentToken(
  dataDir: string,
  { sub, role, ttl = '12h' }: { sub: string; role: Role; ttl?: string },
): Promise<string> {
  const key = await developmentKey(dataDir);
  const { issuer, audience } = DEVELOPMENT;
  const token = new SignJWT({ role })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid! })
    .setIssuer(issuer)
    .setAudience(audience);
  return token
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(ttl)
    .sign(await importJWK(key, 'ES256'));
}

/** Refuses a request for want of a good token, as RFC 6750 asks. */
export function unauthenticated(code: string, detail: string, reason?: 'invalid_token'): RequestRefused {
  return new RequestRefused(401, code, detail, { 'WWW-Authenticate': reason ? `Bearer error="${reason}"` : 'Bearer' });
}

function verifier(keys: JWTVerifyGetKey, options: JWTVerifyOptions): Verifier {
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, { ...options, requiredClaims: ['sub', 'exp'] });
      return verified(payload);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      const expired = error instanceof errors.JWTExpired;
      throw unauthenticated(
        expired ? 'token_expired' : 'token_invalid',
        `The token ${expired ? 'has expired' : 'is not valid here'}.`,
        'invalid_token',
      );
    }
  };
}

function verified(payload: JWTPayload): Verified {
  const claims = Claims.safeParse(payload);
  if (claims.success)
    return { actor: { sub: claims.data.sub, role: claims.data.role }, expiresAt: claims.data.exp * 1000 };
  const names = [...new Set(claims.error.issues.map((issue) => issue.path[0]))].join(', ');
  throw unauthenticated('token_invalid', `Missing or invalid claims: ${names}.`, 'invalid_token');
}
