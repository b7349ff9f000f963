import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JWK } from 'jose';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Unavailable } from '../../messaging/errors.js';
import { createVerifier, mintDevelopmentToken } from './auth.js';
import { developmentKey } from './development-key.js';
import { OPERATOR, OUTSIDER } from '../../testing/roles.js';

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'auth-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('development tokens', () => {
  it('are accepted until they expire', async () => {
    const verify = createVerifier({ dataDir: folder });
    const good = await verify(await mintDevelopmentToken(folder, { sub: 'alice', role: OPERATOR, ttl: '1h' }));
    expect(good.actor).toEqual({ sub: 'alice', role: OPERATOR });
    expect(good.expiresAt).toBeGreaterThan(Date.now() + 3_500_000);
    const old = await mintDevelopmentToken(folder, { sub: 'alice', role: OPERATOR, ttl: '-1s' });
    await expect(verify(old)).rejects.toMatchObject({ status: 401, code: 'token_expired' });
  });

  it('are not accepted where another key is', async () => {
    const token = await mintDevelopmentToken(join(folder, 'elsewhere'), { sub: 'alice', role: OPERATOR });
    await expect(createVerifier({ dataDir: folder })(token)).rejects.toMatchObject({
      status: 401,
      code: 'token_invalid',
    });
  });

  it('have one key, though many begin at once, and only its owner reads it', async () => {
    const dataDir = join(folder, 'new', 'deeper');
    const keys = await Promise.all(Array.from({ length: 20 }, () => developmentKey(dataDir)));
    expect(new Set(keys.map((key) => key.d)).size).toBe(1);
    expect(await readdir(dataDir)).toEqual(['dev-jwt-key.json']);
    expect((await stat(join(dataDir, 'dev-jwt-key.json'))).mode & 0o777).toBe(0o600);
  });

  it('say which file is broken, and nothing of what is in it', async () => {
    const dataDir = join(folder, 'broken');
    await developmentKey(dataDir);
    const file = join(dataDir, 'dev-jwt-key.json');
    const content = (await readFile(file, 'utf8')).replace('"d"', '"was"');
    await writeFile(file, content);
    const failure = await developmentKey(dataDir).catch((error: Error) => error.message);
    expect(failure).toContain(file);
    expect(failure).not.toContain('was');
  });
});

describe('tokens of an issuer', () => {
  const issuer = 'https://issuer.test/';
  let server: Server;
  let jwksUrl: string;
  let keys: JWK[] = [];
  let answer = () => ({ status: 200, body: JSON.stringify({ keys }) });
  let fetched = 0;
  const signing: Record<string, Key> = {};

  beforeAll(async () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA']) {
      const { privateKey, publicKey } = await generateKeyPair(alg);
      signing[alg] = privateKey;
      keys.push({ ...(await exportJWK(publicKey)), alg, kid: alg, use: 'sig' });
    }
    server = createServer((_, response) => {
      fetched++;
      const { status, body } = answer();
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => void server.close());

  const config = () => ({ issuer, audience: 'liftout', jwksUrl });
  const sign = (claims: Record<string, unknown>, alg = 'ES256', key: Key | Uint8Array = signing[alg]!, kid = alg) =>
    new SignJWT({ iss: issuer, aud: 'liftout', sub: 'alice', role: OUTSIDER, exp: Date.now() / 1000 + 60, ...claims })
      .setProtectedHeader({ alg, kid })
      .sign(key);

  it.each(['ES256', 'RS256', 'EdDSA'])('are accepted when signed with %s', async (alg) => {
    expect((await createVerifier(config())(await sign({}, alg))).actor).toEqual({ sub: 'alice', role: OUTSIDER });
  });

  it('have their keys fetched once', async () => {
    const verify = createVerifier(config());
    const before = fetched;
    const token = await sign({});
    await Promise.all(Array.from({ length: 10 }, () => verify(token)));
    expect(fetched - before).toBe(1);
  });

  const wrong: [string, Record<string, unknown>][] = [
    ['another issuer', { iss: 'https://evil.test/' }],
    ['another audience', { aud: 'elsewhere' }],
    ['no expiry', { exp: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject of 201 characters', { sub: 'x'.repeat(201) }],
    ['a NUL in the subject', { sub: 'a\0b' }],
    ['a subject that is no text', { sub: 7 }],
    ['no role', { role: undefined }],
    ['a role that the platform keeps for itself', { role: 'system' }],
    ['a list of roles', { role: [OPERATOR] }],
    ['a start in the future', { nbf: Date.now() / 1000 + 60 }],
  ];
  it.each(wrong)('are refused for %s', async (_, claims) => {
    await expect(createVerifier(config())(await sign(claims))).rejects.toMatchObject({
      status: 401,
      code: 'token_invalid',
    });
  });

  it('are refused when they have expired, beyond the skew of the clocks', async () => {
    const verify = createVerifier(config());
    await expect(verify(await sign({ exp: Date.now() / 1000 - 2 }))).resolves.toBeDefined();
    await expect(verify(await sign({ exp: Date.now() / 1000 - 60 }))).rejects.toMatchObject({
      status: 401,
      code: 'token_expired',
    });
  });

  it('are refused when unsigned, signed with a shared secret, or by a stranger', async () => {
    const verify = createVerifier(config());
    const [, payload] = (await sign({})).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const shared = await sign({}, 'HS256', new TextEncoder().encode(JSON.stringify(keys[0])), 'ES256');
    const stranger = await sign({}, 'ES256', (await generateKeyPair('ES256')).privateKey);
    const unknownKey = await sign({}, 'ES256', (await generateKeyPair('ES256')).privateKey, 'unknown');
    for (const token of [unsigned, shared, stranger, unknownKey, 'a.b.c', 'x']) {
      await expect(verify(token)).rejects.toMatchObject({ status: 401, code: 'token_invalid' });
    }
  });

  it('cannot be judged when the keys are away: that is no refusal', async () => {
    const token = await sign({});
    const gone = createVerifier({ ...config(), jwksUrl: 'http://127.0.0.1:9/jwks' });
    await expect(gone(token)).rejects.toBeInstanceOf(Unavailable);
    const good = answer;
    for (const broken of [
      { status: 500, body: '' },
      { status: 200, body: 'no json' },
      { status: 200, body: '{"keys":7}' },
    ]) {
      answer = () => broken;
      const verify = createVerifier(config());
      await expect(verify(token)).rejects.toBeInstanceOf(Unavailable);
      answer = good;
      await expect(verify(token)).resolves.toBeDefined();
    }
  });

  describe('whose keys were fetched before', () => {
    const MINUTE = 60_000;
    const good = () => ({ status: 200, body: JSON.stringify({ keys }) });
    const away = () => ({ status: 503, body: '' });
    const lines: object[] = [];
    const log = { warn: (line: object) => void lines.push(line), info: (line: object) => void lines.push(line) };
    let now: number;
    beforeEach(() => {
      now = Date.now();
      jest.spyOn(Date, 'now').mockImplementation(() => now);
      lines.length = 0;
      answer = good;
    });
    afterEach(() => {
      jest.restoreAllMocks();
      answer = good;
    });
    const token = (kid = 'ES256') => sign({ exp: now / 1000 + 60 }, 'ES256', signing['ES256'], kid);

    it('are accepted for a day while the issuer is away, and the log says so once in a while', async () => {
      const verify = createVerifier(config(), log);
      await verify(await token());
      answer = away;
      for (let minutes = 11; minutes < 24 * 60; minutes += 11) {
        now += 11 * MINUTE;
        await expect(verify(await token())).resolves.toBeDefined();
      }
      expect(lines.length).toBeGreaterThan(100);
      expect(lines[0]).toMatchObject({ url: jwksUrl, knownKeysGoodUntil: expect.stringMatching(/^20/) });
      now += 30 * MINUTE;
      await expect(verify(await token())).rejects.toBeInstanceOf(Unavailable);
      answer = good;
      now += MINUTE;
      await expect(verify(await token())).resolves.toBeDefined();
      const before = lines.length;
      await verify(await token());
      expect(lines).toHaveLength(before);
    });

    it('are not asked for at every request while the issuer is away', async () => {
      const verify = createVerifier(config(), log);
      await verify(await token());
      answer = away;
      now += 11 * MINUTE;
      const before = fetched;
      for (let n = 0; n < 20; n++) await verify(await token());
      expect(fetched - before).toBe(1);
      expect(lines).toHaveLength(1);
    });

    it('are accepted with a new key at once, and an unknown one is looked up every half minute at most', async () => {
      const verify = createVerifier(config());
      await verify(await token());
      now += MINUTE;
      const known = keys;
      keys = [...keys, { ...keys[0]!, kid: 'new' }];
      await expect(verify(await token('new'))).resolves.toBeDefined();
      const before = fetched;
      for (let n = 0; n < 20; n++) await expect(verify(await token('none'))).rejects.toMatchObject({ status: 401 });
      expect(fetched - before).toBe(0);
      now += MINUTE;
      await expect(verify(await token('none'))).rejects.toMatchObject({ status: 401 });
      expect(fetched - before).toBe(1);
      keys = known;
    });

    it('are refused ten minutes after their key was withdrawn', async () => {
      const verify = createVerifier(config());
      await verify(await token());
      const known = keys;
      keys = keys.filter(({ kid }) => kid !== 'ES256');
      now += 10 * MINUTE;
      await expect(verify(await token())).rejects.toMatchObject({ status: 401, code: 'token_invalid' });
      keys = known;
    });

    it('are neither accepted nor refused when only the issuer, which is away, may know their key', async () => {
      const verify = createVerifier(config());
      await verify(await token());
      answer = away;
      now += MINUTE;
      await expect(verify(await token('new'))).rejects.toBeInstanceOf(Unavailable);
      await expect(verify(await token())).resolves.toBeDefined();
    });
  });
});
