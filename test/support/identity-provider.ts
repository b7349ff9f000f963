import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostEnv } from './host-process.js';
import { afterwards } from './stage.js';

const ISSUER = 'https://issuer.test/';
const AUDIENCE = 'shop';

export interface IdentityProvider {
  /** The variables by which the application trusts it. */
  readonly env: HostEnv;
  /** A bearer token of it, good for ten minutes. */
  sign(sub: string, role: string, audience?: string): Promise<string>;
}

/** Who signs users' tokens in production: its keys are served where the application can fetch them. */
export async function identityProvider(): Promise<IdentityProvider> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] });
  const server = createServer((_, response) => void response.end(keys)).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  afterwards(async () => void server.close());
  const { port } = server.address() as AddressInfo;
  const env = { AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE, AUTH_JWKS_URL: `http://127.0.0.1:${port}/jwks` };
  const sign = (sub: string, role: string, audience = AUDIENCE) =>
    new SignJWT({ role, sub, iss: ISSUER, aud: audience, exp: Math.ceil(Date.now() / 1000) + 600 })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .sign(privateKey);
  return { env, sign };
}
