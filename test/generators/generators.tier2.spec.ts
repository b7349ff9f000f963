import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';
import { JEST } from '../../src/tools/test/jest.js';

const describe = needs('git');

/** The commands of the README for a fresh clone, without what follows them. */
function firstHour(): string[] {
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```sh clone\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, block]) => block!.split('\n')).map((line) => line.replace(/#.*/, '').trim());
}

let clone: Clone;
beforeAll(async () => {
  clone = new Clone();
  expect(firstHour()[0]).toBe('npm run init -- --name my-app --drop-example');
  const init = ['src/tools/launch.cjs', 'tools/init', '--name', 'my-app', '--drop-example'];
  expect(await clone.node(init)).toMatchObject({ code: 0, errors: '' });
}, 600_000);
afterAll(() => clone.remove());

/** Those of the README, and then everything that can be new, each on top of the one before. */
const NEW: readonly [words: string, next: RegExp][] = [
  ...firstHour()
    .filter((line) => line.startsWith('npm run new:'))
    .map((line): [string, RegExp] => [line.replace('npm run new:', '').replace(' --', ''), /^Now: npm run check/m]),
  ['command billing cancel-invoice', /^It is not in the contracts/m],
  ['query billing list-invoices', /^It is not in the contracts/m],
  ['query billing overdue-fees', /^The table fees is new, and nothing fills it yet\.$/m],
  ['event billing invoice-cancelled', /^cancel-invoice publishes it\.$/m],
  ['event billing month-closed', /^Publish it where a month is closed: this\.events\.publish\(/m],
  ['schedule billing send-reminders', /^It runs each night: say in modules\/billing\/send-reminders\.ts/m],
  ['saga billing dunning --on entry-added', /^EntryAdded begins it\./m],
  ['module people --thing person --field name:text --field birth-date:date --field email:email?', /^Say in modules/m],
  [
    'command people change-contact --on person --field email:email --field since:time --field limit-of:int?',
    /^It is not in/m,
  ],
  ['event people contact-changed --on person --field email:email', /^change-contact publishes it\.$/m],
  ['query people get-contact --on person --field email:email', /^It is not in the contracts/m],
  ['command people register-person', /^It is not in the contracts/m],
  ['command people confirm-address --on person', /^It is not in the contracts/m],
  ['query people list-persons', /^It is not in the contracts/m],
  [
    'event people person-moved --field town:text --field rooms:int',
    /^Publish it where a person is moved: .*personId, town, rooms/m,
  ],
  [
    'module fees --entity --field amount:int --field due:date --field since:time? --field paid:boolean',
    /^Say in modules/m,
  ],
  ['command fees void-fee', /^It is not in the contracts/m],
  ['command fees change-terms --on fee --field days:int? --field limit-of:text', /^It is not in the contracts/m],
  ['command fees register-fee', /^It is not in the contracts/m],
  ['query fees list-fees', /^It is not in the contracts/m],
  [
    'migration fees',
    /^Write its statements, and those that take them back: modules\/fees\/migrations\/\d+-tables\.ts/m,
  ],
];

describe('what is generated', () => {
  it('passes every check and all of its own specs, one on top of the other', async () => {
    for (const [words, next] of NEW) {
      const made = await clone.tool('new', ...words.split(' '));
      expect({ words, ...made }).toMatchObject({ words, code: 0, errors: '', output: expect.stringMatching(next) });
    }
    const check = await clone.node(['src/tools/launch.cjs', 'tools/check']);
    if (check.code !== 0) throw new Error(check.output + check.errors);
    const report = 'specs.json';
    const specs = await clone.node([...JEST, 'modules', '--json', `--outputFile=${report}`]);
    if (specs.code !== 0) throw new Error(specs.output + specs.errors);
    const results = JSON.parse(readFileSync(join(clone.root, report), 'utf8')) as Record<string, number>;
    expect(results).toMatchObject({ numFailedTests: 0, numPendingTests: 0, numPassedTestSuites: 23 });
    expect(results['numPassedTests']).toBeGreaterThanOrEqual(25);
  }, 900_000);

  it('is refused the second time, and changes nothing', async () => {
    clone.commit();
    expect(await clone.tool('new', 'module', 'billing')).toEqual({
      code: 2,
      output: '',
      errors: 'There is a module "billing" already.\n',
    });
    expect((await clone.tool('new', 'command', 'billing', 'cancel-invoice')).code).toBe(2);
    expect(clone.git('status', '--porcelain')).toBe('');
  });

  it('needs code that can be read, and names the file of which that is not so', async () => {
    const file = join(clone.root, 'modules/billing/cancel-invoice.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, `${text}import { from;\n`);
    const made = await clone.tool('new', 'query', 'billing', 'get-invoice');
    writeFileSync(file, text);
    expect(made).toMatchObject({ code: 2, output: '' });
    expect(made.errors).toMatch(/^modules\/billing\/cancel-invoice\.ts cannot be loaded: .*Expected ',', got ';'/);
    expect(clone.git('status', '--porcelain')).toBe('');
  });

  it('is a migration of what the tables lack to be what the entities say', async () => {
    const before = clone.git('status', '--porcelain');
    const fromEntities = () => clone.tool('new', 'migration', 'fees', 'memo', '--from-entities');
    const nothing = await fromEntities();
    expect(nothing).toMatchObject({
      code: 2,
      output: '',
      errors: expect.stringContaining('The tables of fees are what its entities say: there is nothing to migrate'),
    });
    expect(clone.git('status', '--porcelain')).toBe(before);
    const file = join(clone.root, 'modules/fees/fee.entity.ts');
    const memo = "  @Column('text', { nullable: true })\n  memo!: string | null;\n\n";
    writeFileSync(file, readFileSync(file, 'utf8').replace("  @Column('boolean')", `${memo}  @Column('boolean')`));
    const specs = [...JEST, 'modules/fees/get-fee.spec.ts'];
    expect((await clone.node(specs)).errors).toContain('ALTER TABLE "fees" ADD "memo" text');
    const made = await fromEntities();
    expect(made).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^Read modules\/fees\/migrations\/\d+-memo\.ts/m),
    });
    expect(await clone.node(specs)).toMatchObject({ code: 0 });
    writeFileSync(file, readFileSync(file, 'utf8').replace(memo, ''));
    expect((await clone.tool('new', 'module', '--undo')).code).toBe(0);
    expect(clone.git('status', '--porcelain')).toBe(before);
  }, 300_000);

  it('is undone, one after the other, and not once it was edited', async () => {
    const before = clone.git('status', '--porcelain');
    for (const words of ['command billing void-invoice', 'event billing invoice-voided', 'module archive'])
      expect((await clone.tool('new', ...words.split(' '))).code).toBe(0);
    const archive = await clone.tool('new', 'module', '--undo');
    expect(archive).toMatchObject({ code: 0, output: expect.stringMatching(/\nundone: new:module archive\n$/) });
    const file = join(clone.root, 'modules/billing/void-invoice.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, `${text}// edited\n`);
    const refused = await clone.tool('new', 'module', '--undo');
    expect(refused.errors).toMatch(
      /^"new:event billing invoice-voided" cannot be undone: since then modules\/billing\/void-invoice\.ts changed\./,
    );
    writeFileSync(file, text);
    for (const kind of ['event', 'command']) expect((await clone.tool('new', kind, '--undo')).code).toBe(0);
    expect(clone.git('status', '--porcelain')).toBe(before);
  }, 300_000);
});
