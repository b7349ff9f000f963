import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';
import { runProcess } from '../support/host-process.js';

const describe = needs('git');
const MINUTES = 60_000;

let project: Clone;
beforeAll(async () => {
  const root = join(mkdtempSync(join(tmpdir(), 'status-')), 'project');
  expect(await runProcess('git', ['clone', '--quiet', resolve('.'), root], {}).stopped).toMatchObject({ code: 0 });
  project = new Clone(root);
  const init = ['tools/init', '--name', 'my-app', '--drop-example'];
  expect(await project.node(['src/tools/launch.cjs', ...init])).toMatchObject({ code: 0, errors: '' });
}, 5 * MINUTES);
afterAll(() => rmSync(join(project.root, '..'), { recursive: true, force: true }));

/** What it says after the line about the version that it makes. */
async function status(): Promise<string> {
  const tool = resolve('dist/src/tools/upgrade.js');
  const { code, output, errors } = await project.node([tool, '--status', '--source', resolve('.')]);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return output.slice(output.indexOf('\n') + 1);
}

describe('npm run upgrade -- --status', () => {
  it(
    'says of a project, before anything is committed, that nothing was changed',
    async () => expect(await status()).toBe('Every file of the starter is as it was.\n'),
    5 * MINUTES,
  );

  it(
    'lists what was changed, removed and moved, and changes nothing',
    async () => {
      project.commit();
      appendFileSync(join(project.root, 'src/banner.ts'), '// Ours.\n');
      unlinkSync(join(project.root, 'renovate.json'));
      project.git('commit', '--quiet', '--all', '--author', 'a <a@b.c>', '-m', 'ours');
      appendFileSync(join(project.root, 'src/config.ts'), '// Not committed.\n');
      renameSync(join(project.root, 'src/platform/http/paging.ts'), join(project.root, 'src/platform/paging.ts'));
      appendFileSync(join(project.root, 'src/own.ts'), 'export const own = 1;\n');
      const before = project.git('status', '--porcelain');
      expect(await status()).toBe(`removed renovate.json
changed src/banner.ts
changed src/config.ts
moved src/platform/http/paging.ts to src/platform/paging.ts
4 files of the starter are not as they were.
`);
      expect(project.git('status', '--porcelain')).toBe(before);
    },
    5 * MINUTES,
  );
});
