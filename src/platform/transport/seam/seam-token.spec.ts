import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { seamKey, SeamVerifier, signSeamRequest } from './seam-token.js';

const secret = 'PkA3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nS';
const here = new Set(['notes']);
const request = { method: 'POST', path: '/seam/v1/messages?x=1', body: '{"a":1}' };
const sign = (change: object = {}, by = secret) =>
  signSeamRequest(seamKey(by), { sender: 'shop', receiver: 'notes', ...request, ...change });
const verify = (verifier: SeamVerifier, token: string | undefined) => {
  const claims = verifier.check(token, request, here);
  verifier.accept(claims, request.body);
  return claims;
};
const check = (token: string | undefined) => verify(new SeamVerifier([seamKey(secret)]), token);

const S = 1000;
const at = (ms: number) => void jest.spyOn(Date, 'now').mockReturnValue(ms);
afterEach(() => void jest.restoreAllMocks());

describe('a signature between processes', () => {
  it('says who sent what to whom, and for whom', () => {
    expect(check(sign())).toMatchObject({ iss: 'shop', aud: 'notes' });
    expect(check(sign({ client: '203.0.113.7' }))).toMatchObject({ cli: '203.0.113.7' });
  });

  const refused: [why: string, token: string | undefined, message: RegExp][] = [
    ['is missing', undefined, /not signed/],
    ['is empty', '', /not signed/],
    ['is no token', 'a.b.c', /signature is wrong/],
    ['has another secret', sign({}, secret.toLowerCase()), /signature is wrong/],
    ['is for another receiver', sign({ receiver: 'catalog' }), /meant for catalog/],
    ['is for another body', sign({ body: '{"a":2}' }), /body/],
    ['is for another path', sign({ path: '/seam/v1/messages?x=2' }), /another request/],
    ['is for another method', sign({ method: 'GET' }), /another request/],
  ];
  it.each(refused)('a signature between processes that %s is refused', (_, token, message) => {
    expect(() => check(token)).toThrow(message);
  });

  it('a signature between processes with claims that were changed is refused', () => {
    const [header, claims, signature] = sign().split('.');
    const changed = Buffer.from(claims!, 'base64url').toString().replace('"notes"', '"other"');
    const forged = [header, Buffer.from(changed).toString('base64url'), signature].join('.');
    expect(() => check(forged)).toThrow(/signature is wrong/);
  });

  it('a signature between processes without an algorithm is refused', () => {
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const [, claims] = sign().split('.');
    expect(() => check(`${none}.${claims}.`)).toThrow(/not signed/);
    expect(() => check(`${none}.${claims}.AAAA`)).toThrow(/signature is wrong/);
  });

  it('is good for half a minute, whatever the clocks differ by up to five seconds', () => {
    const now = Date.now();
    at(now);
    const token = sign();
    for (const later of [-4 * S, 0, 34 * S]) {
      at(now + later);
      expect(check(token)).toBeDefined();
    }
    at(now + 37 * S);
    expect(() => check(token)).toThrow(/expired/);
    at(now - 7 * S);
    expect(() => check(token)).toThrow(/expired/);
  });

  it('is refused when it is good for longer than ours are, whatever made it', () => {
    const longer = sign();
    const [header, claims] = longer.split('.');
    const parsed = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as { exp: number };
    const changed = Buffer.from(JSON.stringify({ ...parsed, exp: parsed.exp + 1 })).toString('base64url');
    const signature = createHmac('sha256', secret).update(`${header}.${changed}`).digest('base64url');
    expect(() => check(`${header}.${changed}.${signature}`)).toThrow(/good for too long/);
  });

  it('is accepted by each of two secrets, while the secret is changed', () => {
    const other = 'Xq3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nSa';
    const both = new SeamVerifier([secret, other].map(seamKey));
    expect(verify(both, sign())).toBeDefined();
    expect(verify(both, sign({}, other))).toBeDefined();
    expect(() => verify(both, sign({}, secret.toLowerCase()))).toThrow(/signature is wrong/);
  });

  it('is good once', () => {
    const verifier = new SeamVerifier([seamKey(secret)]);
    const token = sign();
    verify(verifier, token);
    expect(() => verify(verifier, token)).toThrow(/sent before/);
    expect(verify(verifier, sign())).toBeDefined();
  });

  it('does not become good again while it is not stale', () => {
    const now = Date.now();
    const verifier = new SeamVerifier([seamKey(secret)]);
    at(now);
    const token = sign();
    verify(verifier, token);
    at(now + 34 * S);
    verify(verifier, sign());
    expect(() => verify(verifier, token)).toThrow(/sent before/);
  });
});
