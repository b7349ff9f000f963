import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = 'src/tools/boundaries';

/** The rules file names its rules, the checks write theirs into what they report. */
function rules(): string[] {
  const law = readFileSync('.dependency-cruiser.js', 'utf8').matchAll(/^ {4}name: '([\w-]+)'/gm);
  const checks = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...readFileSync(join(SOURCES, path), 'utf8').matchAll(/\brule(?:: string)?(?::| =) '([\w-]+)'/g),
    ]);
  return [...new Set([...law, ...checks].map(([, name]) => name!))];
}

it('explains every rule', () => {
  const guide = readFileSync('docs/guides/boundaries.md', 'utf8');
  const explained = new Set([...guide.matchAll(/^\| (`[^|]+`) +\|/gm)].flatMap(([, names]) => names!.split(', ')));
  expect([...explained].sort()).toEqual(
    rules()
      .map((name) => `\`${name}\``)
      .sort(),
  );
});
