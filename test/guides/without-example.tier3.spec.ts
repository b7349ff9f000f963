import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';
import { runPagesIn, wrong } from './page.js';

const describe = needs('bash', 'curl', 'git', 'openssl');

const GUIDES = ['extract-a-module', 'sagas', 'outside-calls', 'read-models', 'backfill'];
/** Each takes minutes: another one each day, and all of them with `GUIDES=all`. */
const today = GUIDES[Math.floor(Date.now() / 86_400_000) % GUIDES.length]!;
const guides = process.env['GUIDES'] === 'all' ? GUIDES : [today];

describe('in a project without the example', () => {
  let clone: Clone;
  beforeAll(async () => {
    clone = new Clone();
    const init = ['src/tools/launch.cjs', 'tools/init', '--name', 'my-app', '--drop-example'];
    expect(await clone.node(init)).toMatchObject({ code: 0, errors: '' });
  }, 600_000);
  afterAll(() => clone.remove());

  it.each(guides)(
    'the guide %s does what it promises',
    async (page) => {
      const outcome = await runPagesIn(clone.root, `docs/guides/${page}.md`);
      expect(outcome.blocks.length).toBeGreaterThan(0);
      expect(wrong(outcome)).toEqual([]);
    },
    900_000,
  );
});
