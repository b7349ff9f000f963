import { beforeAll, expect, it } from '@jest/globals';
import { historiesOf } from '../../src/tools/readiness/history/changes.js';
import { readHistory } from '../../src/tools/readiness/history/git.js';
import { needs } from '../support/needs.js';
import { emptyFolder } from '../support/stage.js';
import { longHistory, plantHistory } from './planted-history.js';

const describe = needs('git');

const MODULES = Array.from({ length: 20 }, (_, at) => `module-${at}`);
const COMMITS = 10_000;
const LIMIT_MS = 20_000;

describe('a repository with 10,000 commits and 20 modules', () => {
  let root: string;
  beforeAll(async () => {
    root = await emptyFolder();
    plantHistory(root, longHistory(MODULES, COMMITS));
  }, 120_000);

  it('is read in under 20 s, to the last change', async () => {
    const began = performance.now();
    const [first] = historiesOf(await readHistory(root), MODULES);
    expect(performance.now() - began).toBeLessThan(LIMIT_MS);
    // 500 of its own, a fifth of them with its successor; its predecessor's number is never a fifth one.
    expect(first!.commits).toEqual({ total: 500, alone: 0, pairs: [{ module: 'module-1', count: 500 }], sweeping: 0 });
    expect(first!.releases).toMatchObject({ all: 100, changed: 100, alone: 0 });
  }, 60_000);
});
