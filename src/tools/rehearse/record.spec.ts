import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRehearsals, recordRehearsals, REHEARSALS } from './record.js';

const root = mkdtempSync(join(tmpdir(), 'rehearsals-'));
afterAll(() => rmSync(root, { recursive: true }));

const result = (seed: number, ...failures: string[]) => ({
  events: 'feed',
  seed,
  stages: [{ title: 'letters: outside', passed: 3, failures }],
});

describe('the last rehearsals', () => {
  it('are none before the first one', () => {
    expect(readRehearsals(root).size).toBe(0);
  });

  it('are kept by module: a new result stands in place of the former one, and those of others stay', () => {
    recordRehearsals(
      root,
      new Map([
        ['letters', result(1, 'a letter is sent')],
        ['archive', result(2)],
      ]),
    );
    recordRehearsals(root, new Map([['letters', { ...result(3), files: 'test/acceptance/letters' }]]));
    const kept = readRehearsals(root);
    expect([...kept.keys()]).toEqual(['archive', 'letters']);
    expect(kept.get('letters')).toMatchObject({
      seed: 3,
      files: 'test/acceptance/letters',
      stages: [{ failures: [] }],
    });
    expect(kept.get('archive')).toMatchObject({ seed: 2, at: expect.stringMatching(/^\d{4}-.*Z$/) });
    // There is no repository here.
    expect(kept.get('archive')).not.toHaveProperty('commit');
  });

  it('the last rehearsals that are something else are not guessed at', () => {
    writeFileSync(join(root, REHEARSALS), '{"letters": 7}');
    expect(() => readRehearsals(root)).toThrow(
      'docs/rehearsals.json is not what npm run rehearse writes: remove it, and rehearse again.',
    );
  });
});
