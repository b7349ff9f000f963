import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { z } from 'zod';
import { needs } from '../../../../test/support/needs.js';
import { defineEvent } from '../../../platform/messaging/define.js';
import { contracts } from '../../contracts.js';
import type { ContextContracts } from '../describe.js';

const describe = needs('git');
const V1 = z.object({ sku: z.string(), name: z.string(), price: z.object({ amount: z.int() }) });
const WITHOUT_PRICE = V1.omit({ price: true });

/** Contracts of a module that publishes one event. */
const catalog = (payload: z.ZodObject = V1): ContextContracts => {
  const ThingChanged = defineEvent('catalog.thing-changed.v1', { key: 'sku', payload });
  return { name: 'catalog', contracts: { ThingChanged } };
};
const run = (args: string, context = catalog()) =>
  contracts(args.split(' '), root, async () => [context, { name: 'shop', contracts: {} }]);

const SNAPSHOT = 'modules/catalog/contracts.snapshot.json';
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'contracts-'));
  write(
    'modules/catalog/contracts/index.ts',
    `import { defineEvent } from '../../../platform/messaging/define.js';
    export class ThingChanged extends defineEvent('catalog.thing-changed.v1', {}) {}`,
  );
  write('modules/catalog/module.json', '{}');
  write('modules/shop/when.ts', `import { ThingChanged } from '../catalog/contracts/index.js';\nvoid ThingChanged;`);
  consumes({ 'catalog.thing-changed.v1': ['sku', 'price.amount'] });
  git('init', '-q');
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const consumes = (fields?: object) =>
  write('modules/shop/module.json', JSON.stringify({ name: 'shop', consumes: fields }));
const git = (...args: string[]) =>
  execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);

function commit(): void {
  git('add', '.');
  git('commit', '-qm', 'first');
}

describe('contracts check --base', () => {
  it('compares with another revision, whatever the working tree says', async () => {
    await run('release');
    commit();
    await run('update --force', catalog(WITHOUT_PRICE));
    const samples = { 'catalog.thing-changed.v1': { sku: 'a', name: 'a' } };
    write('modules/catalog/contracts.samples.json', JSON.stringify(samples));
    consumes({ 'catalog.thing-changed.v1': ['sku'] });
    expect((await run('check', catalog(WITHOUT_PRICE))).ok).toBe(true);
    expect((await run('check --base HEAD --json', catalog(WITHOUT_PRICE))).text).toContain('"level": "warning"');
    consumes();
    expect((await run('check --base HEAD', catalog(WITHOUT_PRICE))).text).toContain(
      'price is no longer there.\n  Breaks shop.',
    );
    expect((await run('check --base HEAD', catalog(V1.extend({ colour: z.string().optional() })))).ok).toBe(true);
  });

  it('refuses a revision that there is not', async () => {
    const message = expect.stringMatching(/^git cannot read nowhere: fatal: /);
    await expect(run('check --base nowhere')).rejects.toMatchObject({ name: 'UsageError', message });
  });

  it('refuses a revision that had modules but no snapshots', async () => {
    commit();
    await expect(run('check --base HEAD')).rejects.toThrow('has modules but no snapshots');
  });

  it('freezes no draft of the main branch', async () => {
    await run('update');
    commit();
    await run('update', catalog(WITHOUT_PRICE));
    consumes();
    expect(await run('check --base HEAD', catalog(WITHOUT_PRICE))).toMatchObject({ ok: true });
  });
});

describe('a tag', () => {
  it('releases what its snapshots have, as they have it, whatever the snapshot became since', async () => {
    await run('update');
    commit();
    git('tag', 'v1');
    consumes();
    expect((await run('check', catalog(WITHOUT_PRICE))).text).toContain('price is no longer there.\n  Breaks shop.');
    expect((await run('update', catalog(WITHOUT_PRICE))).ok).toBe(false);
    const snapshot = readFileSync(join(root, SNAPSHOT), 'utf8');
    write(SNAPSHOT, snapshot.replace('"amount"', '"sum"'));
    expect((await run('check --base HEAD', catalog(WITHOUT_PRICE))).text).toContain('Breaks shop.');
    await run('update');
    expect(readFileSync(join(root, SNAPSHOT), 'utf8')).not.toContain('draft');
  });
});
