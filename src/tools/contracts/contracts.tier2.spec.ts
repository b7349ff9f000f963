import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventsHandler } from '@nestjs/cqrs';
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

/** As it is written; what it says is in {@link catalog}. */
const THINGS = `
  import { EventsHandler } from '@nestjs/cqrs';
import { z } from 'zod';
  import { defineEvent } from '../../../src/platform/messaging/define.js';
  export const Other = z.string();
  export class ThingChanged extends defineEvent('catalog.thing-changed.v1', { key: 'sku', payload: z.object({}) }) {}
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'contracts-'));
  write('modules/catalog/contracts/index.ts', `export * from './things.js';`);
  write('modules/catalog/contracts/things.ts', THINGS);
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

describe('schemas', () => {
  it('writes the schema of each message, complete in itself, under its wire name', async () => {
    const text = 'wrote registry/catalog.thing-changed.v1.json\n';
    expect(await run('schemas registry')).toEqual({ ok: true, text });
    expect(JSON.parse(read('registry/catalog.thing-changed.v1.json'))).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'catalog.thing-changed.v1',
      required: ['sku', 'name', 'price'],
    });
  });

  it('needs a folder, and one only', async () => {
    await expect(run('schemas')).rejects.toThrow('schemas needs a folder to write into. See --help.');
    await expect(run('schemas a b')).rejects.toThrow('One folder at a time, not also "b". See --help.');
  });
});

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

  it('leaves the samples that were released as they are', async () => {
    await run('release');
    const recorded = '{ "catalog.thing-changed.v1": { "sku": "cup", "name": "Cup", "price": { "amount": 900 } } }\n';
    write(SAMPLES, recorded);
    await run('update', catalog(V1.extend({ colour: z.string().optional() })));
    expect(read(SAMPLES)).toBe(recorded);
  });

  it('does not hide a breaking change, unless it is told to; then samples are right as well', async () => {
    await run('release');
    const before = read(SNAPSHOT);
    const refused = await run('update', catalog(WITHOUT_PRICE));
    expect(refused.ok).toBe(false);
    expect(refused.text).toContain('Nothing was written.');
    expect(read(SNAPSHOT)).toBe(before);
    expect((await run('update --force', catalog(WITHOUT_PRICE))).ok).toBe(true);
    expect(read(SNAPSHOT)).not.toBe(before);
    const forced = catalog(WITHOUT_PRICE.extend({ colour: z.string() }));
    expect((await run('update --force', forced)).ok).toBe(true);
    expect(JSON.parse(read(SAMPLES))['catalog.thing-changed.v1']).toMatchObject({ colour: 'a' });
    consumes({ 'catalog.thing-changed.v1': ['sku'] });
    expect(await run('check', forced)).toMatchObject({ ok: true });
    write('modules/catalog/contracts/things.ts', '');
    rmSync(join(root, 'modules/shop/when.ts'));
    consumes();
    const nothing = { name: 'catalog', contracts: {} };
    expect((await run('update --force', nothing)).ok).toBe(true);
    expect([read(SNAPSHOT), read(SAMPLES)]).toEqual(['{}\n', '{}\n']);
    expect(await run('check', nothing)).toMatchObject({ ok: true });
  });

  it('asks for a sample that it cannot make up', async () => {
    const odd = V1.extend({ postcode: z.string().regex(/^[0-9]{4} [A-Z]{2}$/) });
    expect(await run('update', catalog(odd))).toEqual({
      ok: false,
      text: `wrote ${SNAPSHOT}\nWrite a sample of catalog.thing-changed.v1 by hand: nobody can guess what it allows.\n`,
    });
  });
});

describe('a draft', () => {
  const OTHER = V1.omit({ sku: true, price: true }).extend({ code: z.int() });
  const EVENT = 'catalog.thing-changed.v1';
  const other = (): ContextContracts => {
    const ThingChanged = defineEvent(EVENT, { key: 'code', payload: OTHER });
    return { name: 'catalog', contracts: { ThingChanged } };
  };
  beforeEach(() => consumes());

  it('is what is new, and changes without breaking anybody; its sample follows', async () => {
    await run('update');
    expect(JSON.parse(read(SNAPSHOT))[EVENT]).toMatchObject({ draft: true });
    const { ok, text } = await run('check', other());
    expect({ ok, text }).toEqual({ ok: false, text: expect.not.stringContaining('breaking') });
    expect(text).toContain(`${SNAPSHOT}  out of date\n  the snapshot is out of date: ${EVENT}.`);
    expect(text).toContain(`${SAMPLES}  out of date\n  the samples are out of date: ${EVENT}.`);
    expect(await run('update', other())).toMatchObject({ ok: true });
    expect(JSON.parse(read(SAMPLES))[EVENT]).toEqual({ name: 'a', code: 1 });
    const found = await run('check', other());
    expect(found).toEqual({ ok: true, text: expect.stringContaining('1 of them drafts, no breaking changes') });
  });

  it('keeps what a person wrote in its sample, as far as it fits', async () => {
    await run('update');
    write(SAMPLES, JSON.stringify({ [EVENT]: { sku: 'cup', name: 'Cup', price: { amount: 900 } } }));
    await run('update', catalog(WITHOUT_PRICE.extend({ colour: z.string().default('red') })));
    expect(JSON.parse(read(SAMPLES))[EVENT]).toEqual({ sku: 'cup', name: 'Cup', colour: 'red' });
  });

  it('goes with its sample', async () => {
    await run('update');
    rmSync(join(root, 'modules/shop/when.ts'));
    write('modules/catalog/contracts/things.ts', '');
    const nothing = { name: 'catalog', contracts: {} };
    expect(await run('update', nothing)).toMatchObject({ ok: true });
    expect(await run('check', nothing)).toMatchObject({ ok: true });
  });

  it.each(['release', `release ${EVENT}`])('is one no longer after "%s"', async (args) => {
    await run('update');
    expect(await run(args)).toEqual({ ok: true, text: `released ${EVENT}\n` });
    expect(await run(args)).toEqual({ ok: true, text: 'nothing to release\n' });
    expect((await run('update', other())).text).toContain('Breaks shop.');
    expect((await run('release', other())).text).toContain('Nothing was written.');
  });

  it('is one no longer when another repository pulled it, which counts as a consumer', async () => {
    await run('update');
    rmSync(join(root, 'modules/shop/when.ts'));
    expect((await run(`release ${EVENT} --pulled-by front`)).text).toBe(`released ${EVENT}\n`);
    expect((await run('check', other())).text).toContain('Breaks front (another repository).');
    await run('update', catalog(V1.extend({ colour: z.string().optional() })));
    expect((await run('check', other())).text).toContain('Breaks front (another repository).');
    write(SNAPSHOT, read(SNAPSHOT).replace('"kind"', '"draft": true, "kind"'));
    expect((await run('check', other())).text).toContain('Breaks front (another repository).');
  });

  it('may be what a module says to itself', async () => {
    class Sorted extends defineEvent('catalog.things-sorted.v1', { key: 'sku', payload: V1 }) {}
    class Resorted extends defineEvent('catalog.things-sorted.v1', {
      key: 'sku',
      payload: V1.extend({ by: z.int() }),
    }) {}
    const hearing = (type: typeof Sorted | typeof Resorted) => {
      class When {}
      EventsHandler(type)(When);
      return { ...catalog(), providers: [When] };
    };
    await run('update', hearing(Sorted));
    expect(JSON.parse(read(SAMPLES))['$drafts']).toEqual(['catalog.things-sorted.v1']);
    expect(await run('update', hearing(Resorted))).toMatchObject({ ok: true });
    expect(await run('check', hearing(Resorted))).toMatchObject({ ok: true });
    await run('release', hearing(Resorted));
    expect(read(SAMPLES)).not.toContain('$drafts');
    expect((await run('check', hearing(Sorted))).ok).toBe(true);
    write(
      SAMPLES,
      read(SAMPLES)
        .replace(/, "by": 1|"by": 1,?/, '')
        .replace(/,(\s*})/, '$1'),
    );
    expect((await run('check', hearing(Resorted))).text).toContain('its stored sample cannot be read any more');
  });
});

describe('check', () => {
  it('passes when nothing has changed, and says how much it saw', async () => {
    await run('release');
    expect(await run('check')).toEqual({ ok: true, text: 'contracts: 1 messages of 2 modules, no breaking changes\n' });
  });

  it('fails on a change that breaks a consumer: what, whom, and what to do', async () => {
    await run('release');
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
    await run('release');
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
    await run('release');
    const first = await run('check --json', catalog(WITHOUT_NAME));
    expect(first.ok).toBe(false);
    expect(JSON.parse(first.text).map((finding: { level: string }) => finding.level)).toEqual(['warning', 'drift']);
    expect((await run('update', catalog(WITHOUT_NAME))).ok).toBe(true);
    expect(await run('check', catalog(WITHOUT_NAME))).toMatchObject({ ok: true });
  });

  it('takes a consumer that declares nothing to need everything', async () => {
    await run('release');
    consumes();
    expect(JSON.parse((await run('check --json', catalog(WITHOUT_NAME))).text)).toContainEqual(
      expect.objectContaining({ level: 'breaking', field: 'name', breaks: ['shop'] }),
    );
  });

  const DOOR = '../catalog/contracts/index.js';

  it.each([
    ['a type', `import { type ThingChanged as T } from '${DOOR}';`],
    ['types only', `import type { ThingChanged } from '${DOOR}';`],
    ['a type where it is used', `let it: import('${DOOR}').ThingChanged;`],
    ['a comment in the import', `import { /* } from 'nowhere'; */ ThingChanged } from '${DOOR}';`],
    ['a comment beside the name', `import {\n  ThingChanged, // what has changed\n} from '${DOOR}';`],
    ['lines and a comment before the path', `import { ThingChanged }\n  from // here\n  '${DOOR}';`],
    ['semicolons in a comment', `import { /* a; b */ ThingChanged } from '${DOOR}';`],
    ['no name of the folder', `import { ThingChanged } from '../shop/../catalog/contracts/index.js';`],
    ['past the door', `import { ThingChanged } from '../catalog/contracts/things.js';`],
    ['handing on', `export {\n  Other,\n  ThingChanged,\n} from '../catalog/contracts/things.js';`],
    ['handing on all', `export * from '${DOOR}';`],
    ['handing on all under a name', `export * as catalog from '${DOOR}';`],
    ['a namespace', `import * as catalog from '${DOOR}';\nvoid catalog.ThingChanged;`],
    ['a namespace of which anything may be used', `import * as catalog from '${DOOR}';\nvoid Object.keys(catalog);`],
    ['a namespace for types', `import type * as catalog from '${DOOR}';\nlet it: catalog.ThingChanged;`],
    ['while it runs', `const it = await import('${DOOR}');`],
    ['while it runs, by a constant', `const door = '${DOOR}';\nconst it = await import(door);`],
    ['by require', `import catalog = require('${DOOR}');`],
  ])('sees who uses a message: %s', async (_, source) => {
    await run('release');
    write('modules/shop/when.ts', source);
    expect((await run('check', catalog(WITHOUT_PRICE))).text).toContain('Breaks shop.');
  });

  it.each([
    ['under another name', `export { ThingChanged as Changed } from './things.js';`],
    ['as a class of it', `import { ThingChanged } from './things.js';\nexport class Changed extends ThingChanged {}`],
    ['among others', `import * as things from './things.js';\nexport const Changed = [things.ThingChanged];`],
    ['as its payload', `import * as t from './things.js';\nexport type Changed = InstanceType<typeof t.ThingChanged>;`],
    ['by default, handed on', `import { ThingChanged } from './things.js';\nexport { ThingChanged as Changed };`],
  ])('sees who uses a message that is there %s', async (_, index) => {
    await run('release');
    write('modules/catalog/contracts/index.ts', index);
    write('modules/shop/when.ts', `import { Changed } from '${DOOR}';\nvoid Changed;`);
    expect((await run('check', catalog(WITHOUT_PRICE))).text).toContain('Breaks shop.');
  });

  it('sees who uses a message that a third module hands on', async () => {
    await run('release');
    rmSync(join(root, 'modules/shop/when.ts'));
    write('modules/third/contracts/index.ts', `export { ThingChanged } from '../../catalog/contracts/index.js';`);
    write('modules/shop/by-way.ts', `import { ThingChanged } from '../third/contracts/index.js';\nvoid ThingChanged;`);
    const third = { name: 'third', contracts: { ThingChanged: catalog().contracts['ThingChanged'] } };
    const seen = (await contracts(['check'], root, async () => [catalog(WITHOUT_PRICE), shop, third])).text;
    expect(seen).toContain('Breaks shop, third.');
    expect(seen).not.toContain('modules/third/contracts.snapshot.json');
  });

  it.each([
    ['what is no message', 'modules/shop/when.ts', `import { Other } from '${DOOR}';`],
    ['a spec', 'modules/shop/when.spec.ts', `import { ThingChanged } from '${DOOR}';`],
    ['its own module', 'modules/catalog/when.ts', `import { ThingChanged } from './contracts/index.js';`],
    ['a comment', 'modules/shop/when.ts', `// import { ThingChanged } from '${DOOR}';`],
    ['a longer comment', 'modules/shop/when.ts', `/*\nimport { ThingChanged } from '${DOOR}';\n*/`],
    ['what documentation names', 'modules/shop/when.ts', `/** {@link import('${DOOR}').ThingChanged} */\nlet it;`],
    ['text', 'modules/shop/when.ts', `const it = "import { ThingChanged } from '${DOOR}'";`],
    ['nothing of it', 'modules/shop/when.ts', `import '${DOOR}';`],
    ['another of the namespace', 'modules/shop/when.ts', `import * as catalog from '${DOOR}';\nvoid catalog.Other;`],
  ])('sees who does not: %s', async (_, path, source) => {
    await run('release');
    rmSync(join(root, 'modules/shop/when.ts'));
    consumes();
    write(path, source);
    expect((await run('check', catalog(WITHOUT_PRICE))).text).not.toContain('Breaks');
  });

  it('allows a new version beside the old, and then the end of the old one', async () => {
    await run('release');
    const Next = defineEvent('catalog.thing-changed.v2', { key: 'sku', payload: WITHOUT_PRICE });
    expect((await run('update', catalog(V1, { Next }))).ok).toBe(true);
    expect((await run('check', catalog(V1, { Next }))).ok).toBe(true);
    const onlyNext = { name: 'catalog', contracts: { Next } };
    write('modules/catalog/contracts/things.ts', THINGS.replace('ThingChanged', 'Next').replace('.v1', '.v2'));
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
    await run('release');
    const Do = defineCommand('catalog.do-thing.v1', { payload: z.object({}) });
    const { ok, text } = await run('check', catalog(V1, { Do }));
    expect(ok).toBe(false);
    expect(text).toContain(`${SNAPSHOT}  out of date\n  the snapshot is out of date: catalog.do-thing.v1.`);
    expect(text).toContain(`${SAMPLES}  out of date\n  there is no sample of catalog.do-thing.v1.`);
  });

  it('fails when a stored sample cannot be read any more, whatever the snapshot says', async () => {
    await run('release');
    rmSync(join(root, 'modules/shop/when.ts'));
    consumes();
    const more = catalog(V1.extend({ colour: z.string() }));
    expect((await run('update', more)).ok).toBe(true);
    expect((await run('check', more)).text).toContain('its stored sample cannot be read any more');
  });

  it('fails on a declared field that there is not, and on a declaration without use', async () => {
    await run('release');
    consumes({ 'catalog.thing-changed.v1': ['colour'], 'catalog.thing-sold.v1': [] });
    const { ok, text } = await run('check');
    expect(ok).toBe(false);
    expect(text).toContain('catalog.thing-changed.v1: colour is declared under "consumes", but');
    expect(text).toContain('catalog.thing-sold.v1 is declared under "consumes", but shop does not import it.');
  });
});

describe('a message below contracts/ is refused', () => {
  const DEFINE = `import { defineCommand, defineEvent } from '../../../src/platform/messaging/define.js';\n`;
  const hidden = async (source: string) => {
    await run('release');
    write('modules/catalog/contracts/deep/more.ts', source);
    return JSON.parse((await run('check --json')).text) as unknown[];
  };

  it.each([
    [
      'when the door does not show it',
      `${DEFINE}export class Do extends defineCommand('catalog.do-thing.v1', {}) {}`,
      'catalog.do-thing.v1',
      'is defined below contracts/ in line 2, but contracts/index.ts does not export it',
    ],
    [
      'when nobody exports it, and its name is put together',
      `${DEFINE}const name = 'do-thing';\nclass Do extends defineCommand(\`catalog.\${name}.v1\`, {}) {}`,
      'catalog.do-thing.v1',
      'is defined below contracts/ in line 3, but contracts/index.ts does not export it',
    ],
    [
      'by a helper of another name',
      `import { defineCommand as command } from '../../../src/platform/index.js';\nexport const Do = command('catalog.do-thing.v1', {});`,
      'catalog.do-thing.v1',
      'is defined below contracts/ in line 2, but contracts/index.ts does not export it',
    ],
    [
      'by a member of a namespace',
      `import * as d from '../../../src/platform/index.js';\nexport const Do = d.defineCommand('catalog.do-thing.v1', {});`,
      'catalog.do-thing.v1',
      'is defined below contracts/ in line 2, but contracts/index.ts does not export it',
    ],
    [
      'when its name cannot be read',
      `${DEFINE}export const make = (name) => defineCommand(name, {});`,
      undefined,
      'line 2 defines a message whose name cannot be read there',
    ],
    [
      'when what defines it has another name',
      `${DEFINE}const command = defineCommand;\nexport const Do = command('catalog.do-thing.v1', {});`,
      undefined,
      'line 2 defines a message whose name cannot be read there',
    ],
    [
      'when what defines it is handed on',
      `export { defineCommand as command } from '../../../src/platform/index.js';`,
      undefined,
      'line 1 defines a message whose name cannot be read there',
    ],
    [
      'when it belongs to another module',
      `${DEFINE}export class Do extends defineCommand('shop.do-thing.v1', {}) {}`,
      'shop.do-thing.v1',
      'is defined in line 2 in the contracts of catalog, but belongs to another module by its name',
    ],
    [
      'when it is there already',
      `${DEFINE}export class Again extends defineEvent('catalog.thing-changed.v1', {}) {}`,
      'catalog.thing-changed.v1',
      expect.stringMatching(/^is defined a second time in line \d$/),
    ],
  ])('%s', async (_, source, message, what) => {
    const found = await hidden(source);
    expect(found).toEqual([expect.objectContaining({ level: 'wrong', ...(message && { message }), what })]);
  });

  it.each([
    ['what is no message', `export const Other = 1;`],
    ['a spec', ''],
    ['a comment', `// export class Do extends defineCommand('catalog.do-thing.v1', {}) {}`],
  ])('a message below contracts/ is not refused: %s', async (_, source) => {
    write('modules/catalog/contracts/more.spec.ts', `${DEFINE}class Do extends defineCommand('catalog.do.v1', {}) {}`);
    expect(await hidden(source)).toEqual([]);
  });

  it('a message below contracts/ is not refused when it is one that lies beside its handler', async () => {
    write('modules/catalog/do.ts', `${DEFINE}class Do extends defineCommand('catalog.do-thing.v1', {}) {}`);
    expect(await hidden('')).toEqual([]);
  });
});

describe('cannot check', () => {
  it('what is no TypeScript', async () => {
    write('modules/shop/when.ts', 'import { from;');
    await expect(run('check')).rejects.toThrow(/^modules\/shop\/when\.ts:1 cannot be parsed: /);
  });

  it.each([
    ['nothing', '', /^The task has to be check or update or release/],
    [
      'another task',
      'mend',
      /^The task has to be check or update or release or can-deploy or pull or schemas, not "mend"/,
    ],
    ['two tasks', 'check update', /^One task at a time/],
    ['an unknown flag', 'check --fast', /^Unknown option '--fast'/],
    ['a flag of the other task', 'check --force', /^--force is for update/],
    ['a flag of the other task', 'update --json', /^--json is for check/],
    ['a flag of the other task', 'update --pulled-by x', /^--pulled-by is for release/],
    ['two messages', 'release a.b.v1 c.d.v1', /^One message at a time, not also "c.d.v1"/],
    ['a repository without its message', 'release --pulled-by x', /^--pulled-by needs the message that was pulled/],
    [
      'a message that is not there',
      'release catalog.thing-lost.v1',
      /^There is no message catalog\.thing-lost\.v1 in the/,
    ],
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
      stdout: expect.stringMatching(/, no breaking changes\n$/),
    });
  });

  it('ends with one clear line and 2 when it is called wrongly', () => {
    expect(tool('chekc')).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'The task has to be check or update or release or can-deploy or pull or schemas, not "chekc". See --help.\n',
    });
  });

  it('explains itself', () => {
    expect(tool('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--base REV') });
  });
});

describe('personal data', () => {
  const marked = (payload: z.ZodObject, name: string): ContextContracts => {
    const marks = { subject: 'sku', personal: { name } } as const;
    const Thing = defineCommand('catalog.rename-thing.v1', { payload: payload as typeof V1, ...marks });
    return { name: 'catalog', contracts: { Thing } };
  };
  const unmarked = { name: 'catalog', contracts: { Thing: defineCommand('catalog.rename-thing.v1', { payload: V1 }) } };

  it('breaks nobody when it is marked, and is in the snapshot from then on', async () => {
    await run('release', unmarked);
    const found = await run('check', marked(V1, 'erased'));
    expect(found.ok).toBe(false);
    expect(found.text).toContain('the snapshot is out of date: catalog.rename-thing.v1');
    expect((await run('update', marked(V1, 'erased'))).ok).toBe(true);
    const { personal } = JSON.parse(read(SNAPSHOT))['catalog.rename-thing.v1'];
    expect(personal).toEqual({ subject: 'sku', replacements: { name: 'erased' } });
    expect((await run('check', marked(V1, 'erased'))).text).not.toContain('rename-thing');
  });

  it('has a replacement that the version of before takes as well', async () => {
    const short = V1.extend({ name: z.string().max(4) });
    await run('release', {
      name: 'catalog',
      contracts: { Thing: defineCommand('catalog.rename-thing.v1', { payload: short }) },
    });
    const found = await run('check --json', marked(V1, 'erased'));
    expect(found.ok).toBe(false);
    expect(JSON.parse(found.text)).toContainEqual(
      expect.objectContaining({
        level: 'wrong',
        message: 'catalog.rename-thing.v1',
        field: 'name',
        what: 'its replacement does not fit the contract that was released',
      }),
    );
    expect((await run('check', marked(V1, 'gone'))).text).not.toContain('replacement');
  });
});
