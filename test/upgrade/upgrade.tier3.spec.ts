import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clone } from '../support/clone.js';
import { checkOutFormer } from './former.js';
import { needs } from '../support/needs.js';

const describe = needs('git');

const ANSWERS = '--name my-app --drop-example';
const MODULES = ['billing', 'shipping', 'patients', 'visits', 'letters'];
/** At the end of this file the versions differ, and it has moved. */
const CONFLICT = 'src/platform/connection/urls.ts';
const EDITS: Readonly<Record<string, string>> = {
  'src/platform/persistence/urls.ts': '// Ours: addresses.\n',
  'src/platform/http/paging.ts': '',
  'src/platform/delivery/consumer-loop.ts': '',
};

/** Code of the project’s own, that reads files of the platform which the starter has moved or divided since. */
const OWN = 'src/tools/reads.ts';
const READS = (failures: string, nest: string) => `import { isUniqueViolation } from '../platform/${failures}.js';
import { nestLogger } from '../platform/observability/${nest}.js';

export const reads = { isUniqueViolation, nestLogger };
`;

let folder: string;
let project: Clone;
let without: string;
const run = (cwd: string, program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
const upgrade = (dir: string) =>
  run('.', process.execPath, 'dist/src/tools/upgrade.js', '--clone', dir, '--from', '0.1.0', '--answers', ANSWERS);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'upgrade-spec-'));
  const root = join(folder, 'project');
  checkOutFormer(root, '0.1.0');
  run(root, process.execPath, 'src/tools/launch.cjs', 'tools/init', ...ANSWERS.split(' '));
  run(root, 'git', 'add', '--all');
  run(root, 'git', '-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '--quiet', '-m', 'ours');
  for (const name of MODULES) run(root, process.execPath, 'src/tools/launch.cjs', 'tools/new', 'module', name);
  writeFileSync(join(root, OWN), READS('persistence/failures', 'logging'));
  for (const [path, end] of Object.entries(EDITS)) {
    if (end === '')
      writeFileSync(join(root, path), `// Ours: at the beginning.\n${readFileSync(join(root, path), 'utf8')}`);
    else appendFileSync(join(root, path), end);
  }
  for (const made of ['node_modules', 'dist']) rmSync(join(root, made), { recursive: true });
  project = new Clone(root);
  project.commit();
  without = join(folder, 'without');
  // As every project has that was built once: git ignores it.
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/built.js'), '');
  cpSync(root, without, { recursive: true, filter: (path) => !/\/(?:\.git|node_modules)$/.test(path) });
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a renamed project of version 0.1.0, without the example, with five modules and edits in three files', () => {
  it('comes to the present version with conflicts in the edited places only', () => {
    expect(upgrade(project.root)).toMatch(
      new RegExp(`\\n.* \\d+ files changed, 1 with conflicts\\.\\n {2}${CONFLICT}\\n`),
    );
    expect(project.git('diff', '--name-only', '--diff-filter=U').trim()).toBe(CONFLICT);
    for (const path of ['src/platform/http/paging.ts', 'src/platform/delivery/consumer/consumer-loop.ts'])
      expect(readFileSync(join(project.root, path), 'utf8')).toMatch(/^\/\/ Ours: at the beginning\.\n/);
    expect(existsSync(join(project.root, 'src/platform/persistence'))).toBe(false);
    expect(readFileSync(join(project.root, OWN), 'utf8')).toBe(READS('connection/failures', 'nest-logger'));
    expect(readFileSync(join(project.root, 'package.json'), 'utf8')).toContain('"startedFrom": {');
  }, 900_000);

  it('is green when the conflict is resolved and what the release notes ask for is done', async () => {
    project.git('checkout', '--theirs', CONFLICT);
    for (const name of MODULES) {
      const folder = join(project.root, 'modules', name);
      for (const file of readdirSync(folder).filter((each) => /^add-[a-z]+\.ts$/.test(each)))
        writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replaceAll('.trim()', ''));
    }
    expect(await project.node(['src/tools/launch.cjs', 'tools/fix'])).toMatchObject({ code: 0 });
    expect(await project.node(['src/tools/launch.cjs', 'tools/map'])).toMatchObject({ code: 0, errors: '' });
    project.commit();
    const { code, output } = await project.node(['src/tools/launch.cjs', 'tools/check']);
    expect({ code, failed: output.split('\n').filter((line) => line.startsWith('✗')) }).toEqual({
      code: 0,
      failed: [],
    });
  }, 900_000);
});

describe('the same project without a repository', () => {
  it('has the conflict marked in the file, and the rest as with one', () => {
    expect(upgrade(without)).toMatch(new RegExp(`1 with conflicts\\.\\n {2}${CONFLICT}\\n`));
    expect(readFileSync(join(without, CONFLICT), 'utf8')).toMatch(
      /<<<<<<< refs\/upgrade\/yours\n[^]*\/\/ Ours: addresses\.[^]*>>>>>>> refs\/upgrade\/starter/,
    );
    expect(existsSync(join(without, 'src/platform/persistence'))).toBe(false);
    expect(readFileSync(join(without, OWN), 'utf8')).toBe(READS('connection/failures', 'nest-logger'));
    expect(existsSync(join(without, '.git'))).toBe(false);
  }, 900_000);
});
