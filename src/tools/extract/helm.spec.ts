import { describe, expect, it } from '@jest/globals';
import { helmAlone, helmWithout } from './helm.js';

const SPLIT = `# claims apart
hosts:
  app:
    modules: [billing, letters]
    public: true
  claims:
    modules: [claims]
`;
const ONE = 'hosts:\n  app:\n    public: true\n';

describe('values for Helm when a module has left', () => {
  it('lose its host, or its name among others, and get its address', () => {
    const without = helmWithout(SPLIT, 'letters', false)!;
    expect(without).toBe(`${SPLIT.replace(', letters', '')}elsewhere:\n  letters: http://letters:4000\n`);
    expect(helmWithout(without, 'billing', true)).toContain(
      'letters: http://letters:4000\n  billing: http://billing:4000\n',
    );
    expect(helmWithout(ONE, 'claims', true)).toBe(`${ONE}elsewhere:\n  claims: http://claims:4000\n`);
  });

  it('the values of a split go with the module that was the only one apart', () => {
    expect(helmWithout(SPLIT, 'claims', false)).toBeUndefined();
  });

  it('the values of its own repository have its host alone, and the others at the front door of their own', () => {
    const alone = helmAlone('claims', { billing: 'app-seam' });
    expect(alone).toMatch(/^image:\n {2}repository: claims\nhosts:\n {2}claims:\n/m);
    expect(alone).toMatch(/^elsewhere:\n {2}billing: http:\/\/app-seam:4000\n$/m);
    expect(helmAlone('claims', {})).toMatch(/^seam: true\n$/m);
  });
});
