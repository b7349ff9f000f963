import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';
import { runPagesIn, wrong } from './page.js';

const describe = needs('bash', 'curl', 'git', 'openssl');

describe('in a project without the example', () => {
  let clone: Clone;
  beforeAll(async () => {
    clone = new Clone();
    const init = ['src/tools/launch.cjs', 'tools/init', '--name', 'my-app', '--drop-example'];
    expect(await clone.node(init)).toMatchObject({ code: 0, errors: '' });
  }, 600_000);
  afterAll(() => clone.remove());

  it('a module is lifted out and comes back, by the guide', async () => {
    const outcome = await runPagesIn(clone.root, 'docs/guides/extract-a-module.md');
    expect(outcome.blocks).toHaveLength(7);
    expect(wrong(outcome)).toEqual([]);
  }, 900_000);

  it.each(['sagas', 'outside-calls', 'read-models', 'backfill'])(
    'the guide %s does what it promises',
    async (page) => {
      expect(wrong(await runPagesIn(clone.root, `docs/guides/${page}.md`))).toEqual([]);
    },
    900_000,
  );
});
