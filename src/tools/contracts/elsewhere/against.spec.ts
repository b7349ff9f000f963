import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineCommand, defineEvent } from '../../../platform/messaging/define.js';
import { contracts } from '../../contracts.js';
import type { Ours } from './against.js';
import { snapshotOf } from '../describe.js';

const SENT = z.object({ letterId: z.string(), weight: z.int(), note: z.string() });

/** A module that publishes an event and takes a command. */
function letters(payload: z.ZodObject = SENT, errors: z.ZodRawShape = { unknown_letter: z.object({}) }): Ours {
  const LetterSent = defineEvent('letters.letter-sent.v1', { key: 'letterId', payload });
  const Recall = defineCommand('letters.recall.v1', {
    payload: z.object({ letterId: z.string() }),
    errors: errors as Record<string, z.ZodObject>,
  });
  return { name: 'letters', contracts: { LetterSent, Recall } };
}
const archive: Ours = { name: 'archive', contracts: {} };
const NEEDS = { 'letters.letter-sent.v1': ['letterId', 'weight'], 'letters.recall.v1': ['errors.unknown_letter'] };

let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'against-'))));
afterAll(() => rmSync(root, { recursive: true }));

function write(repository: string, files: Readonly<Record<string, object | string>>): string {
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, repository, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return join(root, repository);
}

/** The repository that has the contracts of `letters`, and whose `archive` uses them. */
const shop = (built: Ours = letters(), consumes: object | null = NEEDS) =>
  write('shop', {
    'modules/letters/module.json': { name: 'letters', elsewhere: '../letters' },
    'modules/letters/contracts.snapshot.json': snapshotOf(built),
    'modules/letters/contracts/index.ts': `
      import { z } from 'zod';
      import { defineCommand, defineEvent } from '../../../platform/messaging/define.js';
      export class LetterSent extends defineEvent('letters.letter-sent.v1', { key: 'letterId', payload: z.object({}) }) {}
      export class Recall extends defineCommand('letters.recall.v1', { payload: z.object({}) }) {}
    `,
    'modules/archive/module.json': { name: 'archive', ...(consumes && { consumes }) },
    'modules/archive/when.ts': `import { LetterSent, Recall } from '../letters/contracts/index.js';\nvoid [LetterSent, Recall];`,
  });

/** The repository that `letters` lives in. */
const post = (now: Ours = letters()) =>
  write('post', {
    'modules/letters/module.json': { name: 'letters' },
    'modules/letters/contracts.snapshot.json': snapshotOf(now),
    'modules/letters/contracts/index.ts': 'export {};',
  });

const run = (at: string, modules: readonly Ours[], words: string, env: NodeJS.ProcessEnv = {}) =>
  contracts(words.split(' '), at, async () => modules, env);
const fromPost = (now: Ours) => run(post(now), [now], `can-deploy --against ${shop()}`);
const fromShop = (built: Ours) =>
  run(shop(built), [{ ...built, elsewhere: { routes: [] } }, archive], `check --against ${post()}`);

describe('the contracts of two repositories', () => {
  it('the contracts of two repositories that are the same can be deployed, whichever comes first', async () => {
    expect(await fromPost(letters())).toEqual({
      ok: true,
      text: `${join(root, 'shop')}\ncontracts: 2 messages of 1 modules, no breaking changes\n`,
    });
    expect((await fromShop(letters())).ok).toBe(true);
  });

  it.each<[string, Ours, RegExp]>([
    [
      'a field is removed that they need',
      letters(SENT.omit({ weight: true })),
      /letter-sent\.v1: weight is no longer there/,
    ],
    [
      'a type is another one',
      letters(SENT.extend({ weight: z.string() })),
      /letter-sent\.v1: weight was integer, is string/,
    ],
    [
      'an error has another name',
      letters(SENT, { no_letter: z.object({}) }),
      /recall\.v1: errors\.unknown_letter is no longer answered/,
    ],
    [
      'an event is no longer published',
      { name: 'letters', contracts: { Recall: letters().contracts['Recall'] } },
      /letter-sent\.v1 is no longer published/,
    ],
  ])('would break those who use them, when %s', async (_, now, what) => {
    const { ok, text } = await fromPost(now);
    expect({ ok, text }).toEqual({ ok: false, text: expect.stringMatching(what) });
    expect(text).toMatch(/Breaks archive at \S+shop\./);
  });

  it('may differ in what nobody needs, unless nobody says what that is', async () => {
    const now = letters(SENT.omit({ note: true }));
    expect((await fromPost(now)).ok).toBe(true);
    const unsaid = shop(letters(), null);
    expect((await run(post(now), [now], `can-deploy --against ${unsaid}`)).ok).toBe(false);
  });

  it('do not bind a module that does not depend on theirs', async () => {
    const now = letters(SENT.omit({ weight: true }));
    const unsaid = shop(letters(), null);
    write('shop', { 'modules/archive/module.json': { name: 'archive', dependsOn: {} } });
    expect((await run(post(now), [now], `can-deploy --against ${unsaid}`)).ok).toBe(true);
  });

  it('are told by who uses them as well: it was built with what the owner does not have yet', async () => {
    const { ok, text } = await fromShop(letters(SENT.extend({ weight: z.int(), stamp: z.string() })));
    expect({ ok, text }).toEqual({ ok: true, text: expect.stringContaining('no breaking changes') });
    const built = letters(SENT, { unknown_letter: z.object({}), too_late: z.object({}) });
    const needs = { 'letters.recall.v1': ['errors'], 'letters.letter-sent.v1': ['letterId'] };
    const away = { ...built, elsewhere: { routes: [] } };
    const broken = await run(shop(built, needs), [away, archive], `check --against ${post()}`);
    expect(broken).toEqual({
      ok: false,
      text: expect.stringMatching(/errors\.too_late is no longer answered[^]*Breaks archive\./),
    });
    expect(broken.text).toContain('release letters there first, or run "npm run contracts -- pull letters"');
  });
});

describe('what runs', () => {
  const TOKEN = 'a-token-of-thirty-two-letters-or-more';
  const served = {
    modules: {
      letters: { lives: 'elsewhere', messages: snapshotOf(letters()) },
      archive: { lives: 'here', messages: {} },
    },
  };
  const server = createServer((request, response) => {
    const status = request.headers.authorization === `Bearer ${TOKEN}` ? 200 : 401;
    const known = request.url === '/_ops/contracts';
    response.writeHead(known ? status : 404).end(JSON.stringify(served));
  });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it('is asked for its contracts, and one that says nothing of what it needs is taken to need everything', async () => {
    const ask = (now: Ours) => run(post(now), [now], `can-deploy --against ${url}`, { CONTRACTS_TOKEN: TOKEN });
    expect((await ask(letters())).ok).toBe(true);
    const { ok, text } = await ask(letters(SENT.omit({ note: true })));
    expect({ ok, text }).toEqual({ ok: false, text: expect.stringContaining(`Breaks archive at ${url}.`) });
  });

  it.each([
    ['without its token', () => url, {}, /\/_ops\/contracts refuses: set CONTRACTS_TOKEN/],
    [
      'where nobody answers',
      () => 'http://127.0.0.1:1',
      {},
      /^http:\/\/127\.0\.0\.1:1\/_ops\/contracts does not answer: /,
    ],
    ['in a folder without modules', () => root, {}, /has no modules: expected a repository, or http:\/\/host:port/],
  ])('cannot be compared %s', async (_, place, env, message) => {
    await expect(run(post(), [letters()], `can-deploy --against ${place()}`, env)).rejects.toThrow(message);
  });

  it.each([
    ['can-deploy', 'can-deploy needs --against, with the address or folder of what is deployed. See --help.'],
    ['check --base HEAD --against .', 'Either --base or --against. See --help.'],
    ['update --against .', '--against is for check and can-deploy. See --help.'],
  ])('is not asked by "%s"', async (words, message) => {
    await expect(run(post(), [letters()], words)).rejects.toThrow(message);
  });

  it('has to know a module of this repository', async () => {
    const claims: Ours = { name: 'claims', contracts: {} };
    await expect(run(post(), [claims], `can-deploy --against ${shop()}`)).rejects.toThrow(
      /know no module of each other/,
    );
  });
});
