import { describe, expect, it } from '@jest/globals';
import { affectedBy } from './changed.js';

const modules = [
  { name: 'letters', asks: ['addresses'], heardBy: ['archive'] },
  { name: 'addresses', asks: [], heardBy: [] },
  { name: 'archive', asks: [], heardBy: [] },
  { name: 'stamps', asks: [], heardBy: [] },
];
const specs = [
  ...modules.map(({ name }) => `modules/${name}/${name}.spec.ts`),
  'test/acceptance/letters.spec.ts',
  'test/container/stamps.spec.ts',
  'test/guides/links.spec.ts',
  'src/platform/some.spec.ts',
];
const imports: Record<string, string[]> = {
  'test/container/stamps.spec.ts': ['test/support/all.ts'],
  'test/support/all.ts': ['modules/stamps/stamps.module.ts', 'test/container/stamps.spec.ts'],
};
const affected = (...changed: string[]) => affectedBy(changed, specs, modules, (file) => imports[file] ?? []);
const WHOLE = ['test/acceptance/letters.spec.ts', 'test/guides/links.spec.ts'];

describe('what a change affects', () => {
  it('is the module, those that ask it, and what starts the whole application', () => {
    expect(affected('modules/addresses/address.ts')).toEqual({
      specs: ['modules/letters/letters.spec.ts', 'modules/addresses/addresses.spec.ts', ...WHOLE],
    });
  });

  it('is whoever hears of the events of the module', () => {
    expect(affected('modules/letters/letter.ts')).toEqual({
      specs: ['modules/letters/letters.spec.ts', 'modules/archive/archive.spec.ts', ...WHOLE],
    });
  });

  it('is a spec that imports the module by any number of files', () => {
    expect(affected('modules/stamps/stamp.ts')).toEqual({
      specs: [
        'modules/stamps/stamps.spec.ts',
        'test/acceptance/letters.spec.ts',
        'test/container/stamps.spec.ts',
        'test/guides/links.spec.ts',
      ],
    });
  });

  it('is the spec itself where nothing else was changed, and the documentation where that was', () => {
    expect(affected('src/platform/some.spec.ts')).toEqual({
      specs: ['test/guides/links.spec.ts', 'src/platform/some.spec.ts'],
    });
    expect(affected('docs/modules.md', 'README.md')).toEqual({ specs: ['test/guides/links.spec.ts'] });
    expect(affected()).toEqual({ specs: [] });
  });

  it.each([
    'src/platform/database.ts',
    'package-lock.json',
    'test/support/stage.ts',
    'src/modules.ts',
    'jest.config.js',
  ])('is everything where it is %s', (file) => {
    expect(affected('modules/stamps/stamp.ts', file)).toEqual({ all: file });
  });
});
