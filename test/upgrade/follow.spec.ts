import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { followed } from '../../src/tools/upgrade/follow.js';
import { ahead, apart, Step } from '../../src/tools/upgrade/notes.js';

const step = (part: Partial<Step>): Step => ({ runsBeside: '0.1.0', moves: {}, exports: {}, ...part });
const STEPS = [
  step({
    moves: { 'src/platform/a.ts': 'src/platform/x/a.ts' },
    exports: { 'src/platform/index.ts#Old': 'src/platform/index.ts#New' },
  }),
  step({
    moves: { 'src/platform/x/a.ts': 'src/platform/y/a.ts' },
    exports: {
      'src/platform/x/a.ts#part': 'src/parts.ts#part',
      'src/platform/index.ts#New': 'src/platform/index.ts#Newer',
    },
  }),
];

const PATH = 'modules/billing/pay.ts';
const now = (text: string) => followed(PATH, text, STEPS);

describe('imports of a project’s own files', () => {
  it.each([
    [`import { a } from '../../src/platform/a.js';`, `import { a } from '../../src/platform/y/a.js';`],
    [`import type { A } from "../../src/platform/a.js";`, `import type { A } from '../../src/platform/y/a.js';`],
    [`export * from '../../src/platform/a.js';`, `export * from '../../src/platform/y/a.js';`],
    [`import * as a from '../../src/platform/a.js';`, `import * as a from '../../src/platform/y/a.js';`],
    [`const a = await import('../../src/platform/a.js');`, `const a = await import('../../src/platform/y/a.js');`],
    [`type A = import('../../src/platform/a.js').A;`, `type A = import('../../src/platform/y/a.js').A;`],
    [`import { a } from './a.js';`, `import { a } from './a.js';`],
    [`import { a } from 'src/platform/a.js';`, `import { a } from 'src/platform/a.js';`],
  ])('%s', (before, after) => expect(now(before)).toBe(after));

  it('are divided where their names come from several files now', () => {
    expect(now(`import { type A, part as piece } from '../../src/platform/a.js';\n`)).toBe(
      `import { type A } from '../../src/platform/y/a.js';\nimport { part as piece } from '../../src/parts.js';\n`,
    );
  });
});

describe('what was renamed', () => {
  it('is so wherever the file means it, and nowhere else', () => {
    const text = (
      name: string,
      short: string,
    ) => `import { BoundedContext, ${name} } from '../../src/platform/index.js';
@${name}()
class Pay extends ${name}<Pay> {
  readonly Old = ${name}.Old;
  run(other: { Old: number }, list = [1].map((Old) => Old)) {
    return { ${short}, other: other.Old, list };
  }
}
export type T = typeof ${name};
`;
    expect(now(text('Old', 'Old'))).toBe(text('Newer', 'Old: Newer'));
  });

  it('keeps its former name in a file that has the new one', () => {
    expect(now(`import { Old } from '../../src/platform/index.js';\nclass Newer extends Old {}\n`)).toBe(
      `import { Newer as Old } from '../../src/platform/index.js';\nclass Newer extends Old {}\n`,
    );
  });

  it('keeps the name that the file gave it', () => {
    expect(now(`import { type Old as Mine } from '../../src/platform/index.js';\nexport type M = Mine;\n`)).toBe(
      `import { type Newer as Mine } from '../../src/platform/index.js';\nexport type M = Mine;\n`,
    );
    expect(now(`export { Old } from '../../src/platform/index.js';\n`)).toBe(
      `export { Newer as Old } from '../../src/platform/index.js';\n`,
    );
  });
});

describe('processes of two versions', () => {
  it.each(['0.9.2', '0.10.0', '0.11.0'])('may run side by side, or that is told: %s', (former) => {
    const told = apart(former, '0.11.0', [step({}), step({ runsBeside: '0.10.0' })]);
    const warning =
      'Processes of 0.9.2 must not run beside those of 0.11.0: deploy 0.10.0 first, or stop all of them.\n';
    expect(told).toBe(former === '0.9.2' ? warning : '');
  });
});

describe('what upgrades/ says', () => {
  const files = readdirSync('upgrades').sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const steps = files.map((file) => Step.parse(JSON.parse(readFileSync(`upgrades/${file}`, 'utf8'))));

  it('is said of this version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(files.at(-1)).toBe(`${version}.json`);
  });

  it('leads to files and names that there are', () => {
    const lost = steps.flatMap(({ moves, exports }, at) => {
      const later = steps.slice(at + 1);
      const paths = Object.values(moves).map((path) => ahead(later, path, '').path);
      const names = Object.values(exports).map((place) => ahead(later, ...(place.split('#') as [string, string])));
      return [
        ...paths.filter((path) => !existsSync(path)),
        ...names.filter(({ path, name }) => !exportsOf(path).includes(name)),
      ];
    });
    expect(lost).toEqual([]);
  });
});

/** The names that a file exports. */
function exportsOf(path: string): string[] {
  const program = ts.createProgram([path], { noResolve: true, noLib: true });
  const symbol = program.getTypeChecker().getSymbolAtLocation(program.getSourceFile(path)!);
  return [...(symbol?.exports?.keys() ?? [])].map(String);
}
