import { beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Planted } from '../../../../test/readiness/planted-history.js';
import { plantHistory } from '../../../../test/readiness/planted-history.js';
import { needs } from '../../../../test/support/needs.js';
import type { ModuleHistory } from './changes.js';
import { historiesOf } from './changes.js';
import { NoHistory, readHistory } from './git.js';

const describe = needs('git');
const MODULES = ['letters', 'archive', 'stamps', 'post'];
const file = (module: string) => `modules/${module}/file.ts`;
const change = (subject: string, files: readonly string[], more: Partial<Planted> = {}): Planted => ({
  author: 'ada',
  subject,
  files,
  ...more,
});
const CHANGES: readonly Planted[] = [
  change('begin', ['README.md']),
  change('both', [file('letters'), file('archive')], { tag: 'v1' }),
  change('both again (#12)', [file('letters'), file('archive'), 'modules/archive/contracts/index.ts']),
  change('both, merged', [file('letters'), file('archive')], { merged: true, author: 'bob' }),
  change('only stamps', [file('stamps'), 'modules/gone/file.ts'], { author: 'cyd', tag: 'v2' }),
  change('stamps once more', [file('stamps')], { author: 'cyd', tag: 'v3' }),
  change('every file, in a new format', MODULES.map(file)),
  change('not released', ['modules/archive/with space.ts'], { author: 'bob' }),
];

const root = mkdtempSync(join(tmpdir(), 'history-'));
let by: Record<string, ModuleHistory>;

beforeAll(async () => {
  plantHistory(root, CHANGES);
  by = Object.fromEntries(historiesOf(await readHistory(root), MODULES).map((each) => [each.module, each]));
  return () => rmSync(root, { recursive: true });
});

describe('how modules have changed', () => {
  it('is told by pair, without changes across most modules', () => {
    expect(by['letters']!.commits).toEqual({
      total: 3,
      alone: 0,
      pairs: [{ module: 'archive', count: 3 }],
      sweeping: 1,
    });
    expect(by['archive']!.commits).toEqual({
      total: 4,
      alone: 1,
      pairs: [{ module: 'letters', count: 3 }],
      sweeping: 1,
    });
    expect(by['stamps']!.commits).toEqual({ total: 2, alone: 2, pairs: [], sweeping: 1 });
  });

  it('is told by pull request: merge commits with all that they bring, and subjects with a number', () => {
    expect(by['letters']!.pullRequests).toMatchObject({ total: 2, alone: 0, pairs: [{ module: 'archive', count: 2 }] });
    expect(by['stamps']!.pullRequests.total).toBe(0);
  });

  it('names who changes it, and whose authors overlap', () => {
    expect(by['archive']!.people).toEqual([
      { author: 'ada', commits: 3, elsewhere: 5 },
      { author: 'bob', commits: 2, elsewhere: 1 },
    ]);
    expect(by['stamps']!.people[0]).toEqual({ author: 'cyd', commits: 2, elsewhere: 0 });
    expect(by['letters']!.closest).toEqual({ module: 'archive', both: 2, either: 2 });
  });

  it('counts changes of contracts, and releases from tag to tag', () => {
    expect(by['archive']!.contracts).toEqual({ commits: 1, together: 1 });
    expect(by['stamps']!.releases).toEqual({ all: 3, changed: 2, alone: 1 });
    expect(by['archive']!.releases).toEqual({ all: 3, changed: 2, alone: 0 });
  });

  it('is told since a day', async () => {
    expect(historiesOf(await readHistory(root, '2100-01-01'), MODULES)[0]!.commits.total).toBe(0);
  });

  it('cannot be told where there is no repository, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'no-history-'));
    await expect(readHistory(folder)).rejects.toThrow(NoHistory);
    rmSync(folder, { recursive: true });
  });
});
