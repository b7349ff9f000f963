import { expect, it } from '@jest/globals';
import { parse } from './boundaries/sources/source.js';
import { unusedExports } from './unused-exports.js';

const found = (files: Readonly<Record<string, string>>) =>
  unusedExports(Object.entries(files).map(([path, text]) => parse(path, text))).map(({ at, name }) => `${at} ${name}`);

it('finds what is exported and imported by no other file', () => {
  const unused = found({
    'src/a.ts': `export const one = 1, two = one;\nexport interface Three {}\nexport class Four {}\nexport function five() {}\n`,
    'src/b.ts': `import { two } from './a.js';\nexport { five as six } from './a.js';\nconsole.log(two);\n`,
  });
  expect(unused).toEqual(['src/a.ts:1 one', 'src/a.ts:2 Three', 'src/a.ts:3 Four', 'src/b.ts:2 six']);
});

it('takes specs, types, namespaces and what is loaded for users', () => {
  const files = {
    'src/a.ts': 'export const one = 1;\nexport interface Two {}\nexport const three = 3;\n',
    'src/b.ts': 'export const four = 4;\n',
    'src/a.spec.ts': `import { one } from './a.js';\nimport type { Two } from './a.js';\nexport const all: Two = one;\n`,
    'test/c.ts': `import * as a from '../src/a.js';\nconst b = await import('../src/b.js');\nconsole.log(a.three, b);\n`,
  };
  expect(found(files)).toEqual([]);
});

it('leaves alone what modules and specs may import', () => {
  expect(found({ 'src/platform/index.ts': `export { one } from './one.js';\n` })).toEqual([]);
});
