import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Clone } from '../support/clone.js';
import { runProcess, untilReady } from '../support/host-process.js';
import { needs } from '../support/needs.js';
import { readyToMove, runChapter } from './cutover-chapter.js';
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

  it('the chapter on moving the data of a module has commands that run, with the output that it promises', async () => {
    const made = await clone.node(['src/tools/launch.cjs', 'tools/new', 'module', 'billing']);
    expect(made).toMatchObject({ code: 0 });
    expect(await clone.node(['src/tools/launch.cjs'])).toMatchObject({ code: 0 });
    const moving = await readyToMove('billing');
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, PORT: '0', ...moving.app };
    const host = await untilReady(runProcess(process.execPath, ['dist/src/main.js'], { cwd: clone.root, env }));
    const { DATA_DIR } = moving.app;
    const token = await clone.node(['dist/src/tools/token.js', '--sub', 'sam', '--role', 'staff'], { DATA_DIR });
    const headers = { authorization: `Bearer ${token.output.trim()}`, 'content-type': 'application/json' };
    let written = 0;
    await runChapter(clone.root, moving, async () => {
      written += 1;
      const asked = { ...headers, 'idempotency-key': `entry-${written}` };
      const body = JSON.stringify({ note: `number ${written}` });
      const { status } = await fetch(`${host.url}/v1/billing/entries`, { method: 'POST', headers: asked, body });
      expect(status).toBe(201);
    });
  }, 600_000);
});
