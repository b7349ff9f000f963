import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';
import { runPages, runPagesIn, wrong } from './page.js';
import { LONG_GUIDES } from './pages.js';

const describe = needs('bash', 'curl', 'git', 'openssl');

describe('a long guide', () => {
  it.each(LONG_GUIDES)(
    '%s does what it promises',
    async (page) => {
      expect(wrong(await runPages(page))).toEqual([]);
    },
    900_000,
  );
});

describe('in a project without the example', () => {
  let clone: Clone;
  beforeAll(async () => {
    clone = new Clone();
    const init = ['src/tools/launch.cjs', 'tools/init', '--name', 'my-app', '--drop-example'];
    expect(await clone.node(init)).toMatchObject({ code: 0, errors: '' });
    clone.commit();
  }, 600_000);
  // Each page begins in a project without modules, as its reader may.
  afterEach(() => {
    clone.git('reset', '--quiet', '--hard');
    clone.git('clean', '--quiet', '-d', '--force');
  });
  afterAll(() => clone.remove());

  it.each(['extract-a-module', 'sagas', 'outside-calls', 'read-models', 'configuration', 'logging', 'backfill'])(
    'the guide %s does what it promises',
    async (page) => {
      const outcome = await runPagesIn(clone.root, `docs/guides/${page}.md`);
      expect(outcome.blocks.length).toBeGreaterThan(0);
      expect(wrong(outcome)).toEqual([]);
    },
    900_000,
  );
});
