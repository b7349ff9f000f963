import { describe, expect, it } from '@jest/globals';
import { UsageError } from './lib/cli.js';
import { plan } from './new-deployment.js';

const MODULES = ['billing', 'claims', 'letters'];
const planned = (words: string) => plan(words.split(' ').filter(Boolean), MODULES, process.cwd());
const FOLDER = 'deploy/kubernetes/overlays/apart';

describe('new:deployment', () => {
  it('writes an overlay and a Compose file, in which each seam leads to who runs the module', () => {
    const changes = planned('claims letters --as apart');
    const env = (name: string) => changes.textOf(`${FOLDER}/${name}.env`).split('\n');
    expect(env('app')).toEqual(
      expect.arrayContaining(['MODULES=billing', 'CLAIMS_URL=http://claims:4000', 'LETTERS_URL=http://letters:4000']),
    );
    expect(env('claims')).toEqual(
      expect.arrayContaining(['MODULES=claims', 'BILLING_URL=http://app-seam:4000', 'LETTERS_URL=http://letters:4000']),
    );
    expect(changes.textOf(`${FOLDER}/claims.yaml`)).not.toMatch(/name: app$/m);
    expect(changes.textOf('compose.apart.yaml')).toContain('BILLING_URL: http://front-door:4000');
    expect(changes.textOf('deploy/helm/apart.yaml')).toMatch(
      /app:\n    modules: \[billing\]\n    public: true\n  claims:\n/,
    );
    expect(changes.paths).toHaveLength(9);
  });

  it.each([
    ['', 'The modules that leave have to be named, as in "billing". See --help.'],
    ['nowhere', 'There is no module "nowhere": expected some of billing, claims, letters.'],
    ['billing claims letters', 'One module has to stay: its process is the front door of the others.'],
    ['billing --as ONE', '--as has to be lower-case words joined by "-", as in "split", not "ONE". See --help.'],
    [
      'billing --as one-process',
      'deploy/kubernetes/overlays/one-process/kustomization.yaml is there already: nothing was written.',
    ],
  ])('refuses "%s" in one line', (words, message) => {
    expect(() => planned(words)).toThrow(new UsageError(message));
  });
});
