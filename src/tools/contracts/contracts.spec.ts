import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineCommand, defineEvent } from '../../platform/messaging/define.js';
import { contracts } from '../contracts.js';
import type { ContextContracts } from './describe.js';

const V1 = z.object({ sku: z.string(), name: z.string(), price: z.object({ amount: z.int() }) });

/** Contracts of a module that published one event, as they are now. */
const catalog = (payload: z.ZodObject = V1, more: Record<string, unknown> = {}): ContextContracts => {
  const ThingChanged = defineEvent('catalog.thing-changed.v1', { key: 'sku', payload });
  return { name: 'catalog', contracts: { ThingChanged, ...more } };
};
const shop = { name: 'shop', contracts: {} };

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'contracts-'));
  write('modules/catalog/contracts/index.ts', 'export {};');
  write('modules/catalog/module.json', '{}');
  write('modules/shop/when.ts', `import { ThingChanged } from '../catalog/contracts/index.js';\nvoid ThingChanged;`);
  consumes({ 'catalog.thing-changed.v1': ['sku', 'price.amount'] });
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const consumes = (fields?: object) =>
  write('modules/shop/module.json', JSON.stringify({ name: 'shop', consumes: fields }));
const run = (args: string, context: ContextContracts = catalog()) =>
  contracts(args.split(' '), root, async () => [context, shop]);

const WITHOUT_PRICE = V1.omit({ price: true });
const WITHOUT_NAME = V1.omit({ name: true });
const SNAPSHOT = 'modules/catalog/contracts.snapshot.json';
const SAMPLES = 'modules/catalog/contracts.samples.json';

describe('update', () => {
  it('writes a snapshot and samples, and nothing for a module that publishes nothing', async () => {
    expect(await run('update')).toEqual({ ok: true, text: `wrote ${SNAPSHOT}\nwrote ${SAMPLES}\n` });
    expect(JSON.parse(read(SNAPSHOT))['catalog.thing-changed.v1']).toMatchObject({ kind: 'event', key: 'sku' });
    expect(JSON.parse(read(SAMPLES))).toEqual({
      'catalog.thing-changed.v1': { sku: 'a', name: 'a', price: { amount: 1 } },
    });
    expect(existsSync(join(root, 'modules/shop/contracts.snapshot.json'))).toBe(false);
    expect(await run('update')).toEqual({ ok: true, text: 'nothing to write\n' });
  });

  it('leaves the samples that exist as they are', async () => {
    await run('update');
    const recorded = '{ "catalog.thing-changed.v1": { "sku": "cup", "name": "Cup", "price": { "amount": 900 } } }\n';
    write(SAMPLES, recorded);
    await run('update', catalog(V1.extend({ colour: z.string().optional() })));
    expect(read(SAMPLES)).toBe(recorded);
  });

  it('does not hide a breaking change, unless it is told to', async () => {
    await run('update');
    const before = read(SNAPSHOT);
    const refused = await run('update', catalog(WITHOUT_PRICE));
    expect(refused.ok).toBe(false);
    expect(refused.text).toContain('Nothing was written.');
    expect(read(SNAPSHOT)).toBe(before);
    expect((await run('update --force', catalog(WITHOUT_PRICE))).ok).toBe(true);
    expect(read(SNAPSHOT)).not.toBe(before);
  });

  it('asks for a sample that it cannot make up', async () => {
    const odd = V1.extend({ postcode: z.string().regex(/^[0-9]{4} [A-Z]{2}$/) });
    expect(await run('update', catalog(odd))).toEqual({
      ok: false,
      text: `wrote ${SNAPSHOT}\nWrite a sample of catalog.thing-changed.v1 by hand: nobody can guess what it allows.\n`,
    });
  });
});

describe('check', () => {
  it('passes when nothing has changed, and says how much it saw', async () => {
    await run('update');
    expect(await run('check')).toEqual({ ok: true, text: 'contracts: 1 messages of 2 modules, nobody is broken\n' });
  });

  it('fails on a change that breaks a consumer: what, whom, and what to do', async () => {
    await run('update');
    const { ok, text } = await run('check', catalog(WITHOUT_PRICE));
    expect(ok).toBe(false);
    expect(text).toContain(
      `${SNAPSHOT}  breaking change\n` +
        '  catalog.thing-changed.v1: price is no longer there.\n' +
        '  Breaks shop.\n' +
        '  → Leave catalog.thing-changed.v1 as it was and publish catalog.thing-changed.v2 beside it. Move shop over; ',
    );
  });

  it('fails on a breaking change that it is asked to print as JSON', async () => {
    await run('update');
    const { ok, text } = await run('check --json', catalog(WITHOUT_PRICE));
    expect(ok).toBe(false);
    expect(JSON.parse(text)).toContainEqual(
      expect.objectContaining({
        level: 'breaking',
        message: 'catalog.thing-changed.v1',
        field: 'price',
        breaks: ['shop'],
      }),
    );
  });

  it('allows a change that nobody depends on, once the snapshot says it', async () => {
    await run('update');
    const first = await run('check --json', catalog(WITHOUT_NAME));
    expect(first.ok).toBe(false);
    expect(JSON.parse(first.text).map((finding: { level: string }) => finding.level)).toEqual(['warning', 'drift']);
    expect((await run('update', catalog(WITHOUT_NAME))).ok).toBe(true);
    expect(await run('check', catalog(WITHOUT_NAME))).toMatchObject({ ok: true });
  });

  it('takes a consumer that declares nothing to need everything', async () => {
    await run('update');
    consumes();
    expect(JSON.parse((await run('check --json', catalog(WITHOUT_NAME))).text)).toContainEqual(
      expect.objectContaining({ level: 'breaking', field: 'name', breaks: ['shop'] }),
    );
  });

  it.each([
    [`import { type ThingChanged as T } from '../catalog/contracts/index.js';`],
    [`export {\n  Other,\n  ThingChanged,\n} from '../catalog/contracts/things.js';`],
    [`import * as catalog from '../catalog/contracts/index.js';`],
    [`export * from '../catalog/contracts/index.js';`],
    [`const it = await import('../catalog/contracts/index.js');`],
  ])('sees who uses a message: %s', async (source) => {
    await run('update');
    write('modules/shop/when.ts', source);
    expect((await run('check', catalog(WITHOUT_PRICE))).text).toContain('Breaks shop.');
  });

  it.each([
    ['modules/shop/when.ts', `import { Other } from '../catalog/contracts/index.js';`],
    ['modules/shop/when.spec.ts', `import { ThingChanged } from '../catalog/contracts/index.js';`],
    ['modules/catalog/when.ts', `import { ThingChanged } from './contracts/index.js';`],
  ])('sees who does not: %s: %s', async (path, source) => {
    await run('update');
    rmSync(join(root, 'modules/shop/when.ts'));
    consumes();
    write(path, source);
    expect((await run('check', catalog(WITHOUT_PRICE))).text).not.toContain('Breaks');
  });

  it('allows a new version beside the old, and then the end of the old one', async () => {
    await run('update');
    const Next = defineEvent('catalog.thing-changed.v2', { key: 'sku', payload: WITHOUT_PRICE });
    expect((await run('update', catalog(V1, { Next }))).ok).toBe(true);
    expect((await run('check', catalog(V1, { Next }))).ok).toBe(true);
    const onlyNext = { name: 'catalog', contracts: { Next } };
    expect((await run('check', onlyNext)).text).toContain(
      'catalog.thing-changed.v1 is no longer published.\n  Breaks shop.',
    );
    consumes();
    expect((await run('check', onlyNext)).text).toContain('is no longer published.\n  Breaks shop.');
    rmSync(join(root, 'modules/shop/when.ts'));
    expect((await run('update', onlyNext)).ok).toBe(true);
    expect((await run('check', onlyNext)).text).toContain('remove its sample when no outbox holds such a message');
    write(SAMPLES, JSON.stringify({ 'catalog.thing-changed.v2': { sku: 'a', name: 'a' } }));
    expect((await run('check', onlyNext)).ok).toBe(true);
  });

  it('fails when the snapshot does not have a new message', async () => {
    await run('update');
    const Do = defineCommand('catalog.do-thing.v1', { payload: z.object({}) });
    const { ok, text } = await run('check', catalog(V1, { Do }));
    expect(ok).toBe(false);
    expect(text).toContain(`${SNAPSHOT}  out of date\n  the snapshot is out of date: catalog.do-thing.v1.`);
    expect(text).toContain(`${SAMPLES}  out of date\n  there is no sample of catalog.do-thing.v1.`);
  });

  it('fails when a stored sample cannot be read any more, whatever the snapshot says', async () => {
    await run('update --force');
    consumes({ 'catalog.thing-changed.v1': [] });
    const more = catalog(V1.extend({ colour: z.string() }));
    await run('update --force', more);
    expect((await run('check', more)).text).toContain('its stored sample cannot be read any more');
  });

  it('fails on a declared field that there is not, and on a declaration without use', async () => {
    await run('update');
    consumes({ 'catalog.thing-changed.v1': ['colour'], 'catalog.thing-sold.v1': [] });
    const { ok, text } = await run('check');
    expect(ok).toBe(false);
    expect(text).toContain('catalog.thing-changed.v1: colour is declared under "consumes", but');
    expect(text).toContain('catalog.thing-sold.v1 is declared under "consumes", but shop does not import it.');
  });
});

describe('cannot check', () => {
  it.each([
    ['nothing', '', /^The task has to be check or update/],
    ['another task', 'mend', /^The task has to be check or update, not "mend"/],
    ['two tasks', 'check update', /^One task at a time/],
    ['an unknown flag', 'check --fast', /^Unknown option '--fast'/],
    ['a flag of the other task', 'check --force', /^--force is for update/],
    ['a flag of the other task', 'update --json', /^--base and --json are for check/],
    ['a flag in place of a revision', 'check --base=--output=x', /^--base has to be a git revision, not "--output=x"/],
  ])('%s: %s', async (_, args, message) => {
    await expect(run(args)).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
  });

  it('a module that nobody names', async () => {
    write('modules/lost/contracts/index.ts', 'export {};');
    await expect(run('check')).rejects.toThrow(
      'src/modules.ts does not name lost, so that its contracts cannot be checked.',
    );
  });

  it('a module that is not there', async () => {
    rmSync(join(root, 'modules/shop'), { recursive: true });
    await expect(run('check')).rejects.toThrow("There is no folder modules/shop: run this in the project's folder.");
  });

  it('a snapshot that is not JSON', async () => {
    write(SNAPSHOT, '<<<<<<< ours');
    await expect(run('check')).rejects.toThrow(`${SNAPSHOT} is not JSON: `);
  });
});

describe('npm run contracts', () => {
  const tool = (...args: string[]) =>
    spawnSync(process.execPath, ['dist/src/tools/contracts.js', ...args], { encoding: 'utf8' });

  it('finds the contracts of this project in order', () => {
    expect(tool('check')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/, nobody is broken\n$/),
    });
  });

  it('ends with one clear line and 2 when it is called wrongly', () => {
    expect(tool('chekc')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: 'The task has to be check or update, not "chekc". See --help.\n',
    });
  });

  it('explains itself', () => {
    expect(tool('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--base REV') });
  });
});
