import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Reported } from './gate.js';
import { makeTree, MODULES, places, removeTrees, runGate, violationsOf } from './gate.js';
import { write } from './synthetic-tree.js';

afterAll(removeTrees);

const path = (module: string) => `modules/${module}/module.json`;
const text = (root: string, module: string) => readFileSync(join(root, path(module)), 'utf8');

function change(root: string, module: string, edit: (manifest: Record<string, unknown>) => object): void {
  write(
    root,
    path(module),
    `${JSON.stringify(edit(JSON.parse(text(root, module)) as Record<string, unknown>), null, 2)}\n`,
  );
}

describe('a manifest that is wrong', () => {
  const modules = [...MODULES, 'no-reason', 'no-owner', 'no-name', 'more', 'no-json', 'none', 'no-consumers'];
  let found: Reported[];

  beforeAll(async () => {
    const root = makeTree({}, modules);
    change(root, 'no-reason', (manifest) => ({
      ...manifest,
      dependsOn: { ...(manifest['dependsOn'] as object), stock: ' ' },
    }));
    change(root, 'no-owner', (manifest) => ({ ...manifest, owner: 'the team' }));
    change(root, 'no-name', (manifest) => ({ ...manifest, name: 'stock' }));
    change(root, 'more', (manifest) => ({ ...manifest, dependson: {} }));
    change(root, 'no-consumers', (manifest) => ({ ...manifest, consumers: undefined }));
    write(root, path('no-json'), '{');
    rmSync(join(root, path('none')));
    found = await violationsOf(root);
  });

  it.each([
    ['has no reason for a dependency', 'no-reason', 6],
    ['has an owner whom CODEOWNERS does not know', 'no-owner', 4],
    ["has another module's name", 'no-name', 2],
    ['says more than is understood', 'more', 1],
    ['is no JSON', 'no-json', 1],
    ['is missing', 'none', 1],
    ['does not list consumers', 'no-consumers', 1],
  ])('is reported when it %s', (_, module, line) => {
    expect(places(found.filter(({ file }) => file === path(module)))).toEqual([`${path(module)}:${line} manifest`]);
  });
});

describe('a dependency', () => {
  it('has to be declared, used, and agreed to by the other side', async () => {
    const root = makeTree();
    change(root, 'order', (manifest) => ({
      ...manifest,
      dependsOn: { ...(manifest['dependsOn'] as object), stock: 'It may need it later.' },
    }));
    change(root, 'stock', (manifest) => ({ ...manifest, consumers: ['order', 'order-item'] }));
    change(root, 'billing', (manifest) => ({
      ...manifest,
      dependsOn: { ...(manifest['dependsOn'] as object), gone: 'It was there before.' },
    }));
    const found = await violationsOf(root);
    expect(places(found)).toEqual([
      'modules/billing/module.json:8 unused-dependency',
      'modules/order/module.json:7 unused-dependency',
      'modules/stock/module.json:8 unlisted-consumer',
      'modules/stock/module.json:10 unlisted-consumer',
    ]);
    expect(found[0]).toMatchObject({ fromModule: 'billing', toModule: 'gone', target: 'gone' });
    expect(found[2]!.message).toContain(
      'Add "billing" to consumers in modules/stock/module.json; its owner @shop/stock reviews that.',
    );
  });
});

describe('a module that lives in another repository', () => {
  const stub = (name: string) => `import { LivesElsewhere } from '../../src/platform/index.js';
import * as contracts from './contracts/index.js';

@LivesElsewhere({ name: '${name}', contracts, routes: [] })
export class StockModule {}
`;
  const file = 'modules/stock/stock.module.ts';
  const away = (root: string) => change(root, 'stock', (manifest) => ({ ...manifest, elsewhere: '../stock' }));

  it('leaves its contracts here, and what it uses is not looked for', async () => {
    const root = makeTree({ [file]: stub('stock') });
    away(root);
    const code = readdirSync(join(root, 'modules/stock'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/^(?:contracts|stock\.module)\b/.test(name))
      .map((name) => `modules/stock/${name}`);
    const found = (await violationsOf(root)).filter(({ rule }) => rule === 'lives-elsewhere');
    expect(found.map((each) => each.file).sort()).toEqual(code.sort());
    for (const path of code) rmSync(join(root, path));
    expect(await violationsOf(root)).toEqual([]);
  });

  it('is marked in its manifest and in its class', async () => {
    const [noClass, noManifest] = [makeTree(), makeTree({ [file]: stub('stock') })];
    away(noClass);
    expect(places(await violationsOf(noClass))).toContain('modules/stock/module.json:11 lives-elsewhere');
    expect(places(await violationsOf(noManifest))).toContain('modules/stock/module.json:1 lives-elsewhere');
  });
});

describe('a system of its own outside', () => {
  const driver = (module: string) => ({
    [`modules/${module}/step-1.ts`]: `import { connect } from '@nats-io/transport-node';\n\nexport class Step1Handler {\n  connect = connect;\n}\n`,
  });
  const outside = (root: string, module: string, systems: object) =>
    change(root, module, (manifest) => ({ ...manifest, outside: systems }));

  it('is allowed to the module whose manifest names it, and to no other', async () => {
    const root = makeTree({ ...driver('billing'), ...driver('stock') });
    outside(root, 'billing', { '@nats-io/transport-node': 'The queue of the tax office, which is theirs.' });
    expect(places(await violationsOf(root))).toEqual(['modules/stock/step-1.ts:1 own-database-only']);
  });

  it('has to be used, and explained', async () => {
    const root = makeTree();
    outside(root, 'billing', { kafkajs: 'The queue of the tax office.' });
    expect(places(await violationsOf(root))).toEqual(['modules/billing/module.json:14 unused-dependency']);
    outside(root, 'billing', { 'kafka js': ' ' });
    expect(places(await violationsOf(root))).toContain('modules/billing/module.json:14 manifest');
  });
});

describe('CODEOWNERS', () => {
  it('follows the owners in the manifests, below what is written by hand', async () => {
    const root = makeTree();
    const file = join(root, 'CODEOWNERS');
    write(root, 'CODEOWNERS', `* @shop/platform\n\n${readFileSync(file, 'utf8')}`);
    expect(await violationsOf(root)).toEqual([]);
    change(root, 'billing', (manifest) => ({ ...manifest, owner: '@shop/money' }));
    expect(places(await violationsOf(root))).toEqual(['CODEOWNERS:4 generated-file']);
    expect(await runGate(['--write', '--root', root])).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^wrote CODEOWNERS$/m),
    });
    expect(readFileSync(file, 'utf8').split('\n')).toEqual([
      '* @shop/platform',
      '',
      expect.stringMatching(/^# Modules/),
      '/modules/billing/ @shop/money',
      '/modules/order/ @shop/order',
      '/modules/order-item/ @shop/order-item',
      '/modules/stock/ @shop/stock',
      '',
    ]);
  });
});

describe('--fix', () => {
  const at = 'modules/stock/hears.ts';
  const hears = `import { OrderMoved } from '../order/contracts/index.js';\n\nexport const heard = OrderMoved;\n`;
  const reason = 'Stock is counted anew when an order has moved.';
  const snapshot = JSON.stringify({
    'order.order-moved.v1': {
      kind: 'event',
      key: 'id',
      payload: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    },
  });

  it('writes what a new dependency needs into both manifests, with its reason', async () => {
    const root = makeTree({
      [at]: `// boundaries-allow dead-code: A handler that is about to be wired.\n${hears}`,
    });
    write(root, 'modules/order/contracts.snapshot.json', snapshot);
    const before = ['stock', 'order'].map((module) => JSON.parse(text(root, module)) as Record<string, object>);
    const { status, stderr, stdout } = await runGate(['--fix', '--reason', reason, '--root', root]);
    expect(stderr).toContain(`wrote ${path('stock')}\nwrote ${path('order')}\n`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/\nTake out of "consumes" .*\n$/) });
    expect(stdout).not.toContain('undeclared-dependency');
    expect(stdout).not.toContain('unlisted-consumer');
    const [stock, order] = ['stock', 'order'].map((module) => JSON.parse(text(root, module)) as object);
    expect(stock).toEqual({
      ...before[0],
      dependsOn: { ...before[0]!['dependsOn'], order: reason },
      consumes: { 'order.order-moved.v1': ['id'] },
    });
    expect(order).toEqual({ ...before[1], consumers: [...(before[1]!['consumers'] as string[]), 'stock'].sort() });
    const again = await runGate(['--fix', '--reason', reason, '--root', root]);
    expect(again.stderr).toBe('There is no new dependency to declare.\n');
  });

  it('names a second message of a module that is declared, where the manifest names others', async () => {
    const root = makeTree({ [at]: hears });
    write(root, 'modules/order/contracts.snapshot.json', snapshot);
    change(root, 'stock', ({ dependsOn, ...manifest }) => ({
      ...manifest,
      dependsOn: { ...(dependsOn as object), order: reason },
      consumes: { 'billing.bill-sent.v1': ['id'] },
    }));
    const { stderr } = await runGate(['--fix', '--root', root]);
    expect(stderr).toMatch(/^wrote modules\/stock\/module\.json\nTake out of "consumes" /);
    expect(JSON.parse(text(root, 'stock'))).toMatchObject({
      consumes: { 'order.order-moved.v1': ['id'], 'billing.bill-sent.v1': ['id'] },
    });
  });

  it('has the specs of the module play the other one, where they do not yet', async () => {
    const spec = (options: string, more = '') =>
      `import { scenario } from '../../src/platform/testing/index.js';\n${more}import { StockModule } from './stock.module.js';\n\nexport const scene = scenario(StockModule${options});\n`;
    const known = `import * as order from '../order/contracts/index.js';\n`;
    const written = `import * as theOrder from '../order/contracts/index.js';\n`;
    const cases = [
      ['alone', spec(''), spec(', { neighbours: [theOrder] }', written)],
      ['among', spec(', { neighbours: [other] }'), spec(', { neighbours: [other, theOrder] }', written)],
      ['patient', spec(', { patienceMs: 1 }'), spec(', {\n  neighbours: [theOrder],\n  patienceMs: 1,\n}', written)],
      ['done', spec(', { neighbours: [order] }', known), spec(', { neighbours: [order] }', known)],
      ['other', 'export const two = 1 + 1;\n', 'export const two = 1 + 1;\n'],
    ] as const;
    const file = (name: string) => `modules/stock/${name}.spec.ts`;
    const root = makeTree({ [at]: hears, ...Object.fromEntries(cases.map(([name, before]) => [file(name), before])) });
    const { stderr } = await runGate(['--fix', '--reason', reason, '--root', root]);
    for (const [name, , after] of cases)
      expect(readFileSync(join(root, file(name)), 'utf8').replaceAll('"', "'")).toBe(after);
    const told = [...stderr.matchAll(/wrote modules\/stock\/(\w+)\.spec\.ts/g)].map(([, name]) => name);
    expect(told).toEqual(['alone', 'among', 'patient']);
  });

  it.each([
    [
      'no reason',
      [],
      'Why does stock depend on order (modules/stock/hears.ts:1)? Without a terminal, say it by --reason TEXT.\n',
    ],
    ['a reason of one word', ['--reason', 'needed'], 'The reason has to be a sentence: what can it not do without?\n'],
  ])('writes nothing with %s', async (_, args, message) => {
    const root = makeTree({ [at]: hears });
    const before = ['stock', 'order'].map((module) => text(root, module));
    expect(await runGate(['--fix', ...args, '--root', root])).toEqual({ status: 2, stdout: '', stderr: message });
    expect(['stock', 'order'].map((module) => text(root, module))).toEqual(before);
  });

  it('says what --reason is for', async () => {
    const outcome = await runGate(['--reason', reason]);
    expect(outcome).toEqual({ status: 2, stdout: '', stderr: '--reason belongs to --fix. See --help.\n' });
  });
});
