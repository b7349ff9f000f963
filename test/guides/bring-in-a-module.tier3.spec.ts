import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';
import { runPagesIn, wrong } from './page.js';

const describe = needs('bash', 'git');

const GUIDE = 'docs/guides/bring-in-a-module.md';
/** A module written the usual way. Text, for its packages are not here. */
const FORMER = 'test/bring-in/loyalty';

let clone: Clone;
let shop: string;
beforeAll(() => {
  clone = new Clone();
  cpSync('dist', join(clone.root, 'dist'), { recursive: true });
  shop = mkdtempSync(join(tmpdir(), 'shop-'));
  for (const path of readdirSync(FORMER, { recursive: true, encoding: 'utf8' }).filter((each) =>
    each.endsWith('.txt'),
  )) {
    const target = join(shop, 'src/loyalty', path.replace(/\.txt$/, ''));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(FORMER, path), target);
  }
});
afterAll(() => {
  clone.remove();
  rmSync(shop, { recursive: true, force: true });
});

describe('the guide to bring in a module', () => {
  it('makes a bounded context of an ordinary Nest module, green after each step', async () => {
    const page = join(clone.root, GUIDE);
    const text = readFileSync(page, 'utf8');
    writeFileSync(page, text.replaceAll('../shop/', `${shop}/`));
    const outcome = await runPagesIn(clone.root, GUIDE);
    expect(outcome.blocks).toHaveLength(9);
    expect(wrong(outcome)).toEqual([]);
  }, 1_800_000);
});
