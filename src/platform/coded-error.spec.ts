import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const isCode = (path: string) => path.endsWith('.ts') && !/\.spec\.ts$|\/fixtures\//.test(path);
const paths = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(isCode);
const sources = paths.map((path) => readFileSync(join('src', path), 'utf8'));
const codes = [
  ...new Set(sources.flatMap((text) => [...text.matchAll(/'(LIFTOUT_[A-Z_]+)'/g)].map(([, code]) => code!))),
];
const page = readFileSync('docs/errors.md', 'utf8');

describe('docs/errors.md', () => {
  it('has a section for each error code of the code, and for no other, in alphabetical order', () => {
    const sections = [...page.matchAll(/^### (LIFTOUT_\w+)$/gm)].map(([, code]) => code!);
    expect(codes.length).toBeGreaterThan(20);
    expect(sections).toEqual(codes.toSorted());
  });

  it('tells the cause and the remedy of each error', () => {
    const sections = page.split(/^### (?=LIFTOUT_)/m).slice(1);
    const incomplete = sections.filter(
      (text) => !/^\*\*Cause:\*\* .+$/m.test(text) || !/^\*\*Remedy:\*\* .+$/m.test(text),
    );
    expect(incomplete).toEqual([]);
  });
});
