import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { needs } from '../support/needs.js';

const describe = needs('git');
const INIT = '--name my-app';

let project: string;
let revision: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'project-'));
  revision = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
});
afterAll(() => rmSync(project, { recursive: true }));
beforeEach(() => {
  rmSync(join(project, '.git'), { recursive: true, force: true });
  write({});
});

const write = (more: object) =>
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'my-app', ...more }));

function upgrade(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('dist/src/tools/upgrade.js'), ...args], {
    cwd: project,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
const refused = (words: RegExp) => ({ status: 2, stdout: '', stderr: expect.stringMatching(words) });

describe('npm run upgrade refuses in one line', () => {
  const started = (more: object = {}) => write({ startedFrom: { version: '0.2.0', init: INIT, ...more } });

  it('a project of which it is not said how it began', () => {
    expect(upgrade('--to', resolve('.'))).toEqual(
      refused(/^package\.json does not say how the project began: say it by --from and --answers\..*\n$/),
    );
  });

  it('a folder without a project', () => {
    expect(upgrade('--clone', join(project, 'none'))).toEqual(refused(/^There is no project in .*none: .*\n$/));
  });

  it('answers that init would not take', () => {
    const args = ['--to', resolve('.'), '--from', '0.1.0', '--answers', '--drop-example'];
    expect(upgrade(...args)).toEqual(refused(/^The answers have to be those of init, as in .*"--drop-example".*\n$/));
  });

  it('npm run upgrade refuses in one line to go nowhere, and to a tag without the place of the starter', () => {
    started();
    expect(upgrade()).toEqual(refused(/^Either --to or --clone has to be given\. See --help\.\n$/));
    expect(upgrade('--to', 'v9')).toEqual(refused(/^--source has to say where the starter’s repository is\..*\n$/));
  });

  it('a starter that cannot be reached', () => {
    started();
    expect(upgrade('--to', 'v9', '--source', join(project, 'nowhere'))).toEqual(
      refused(/^The starter cannot be fetched from .*nowhere: fatal: .*\n$/),
    );
  });

  it('versions that the starter does not have', () => {
    started({ version: '0.0.9' });
    expect(upgrade('--to', resolve('.'))).toEqual(
      refused(/^The starter has no version 0\.0\.9: expected one of its tags\..*\n$/),
    );
  });

  it('the version that it has already', () => {
    started({ revision });
    expect(upgrade('--to', resolve('.'))).toEqual(
      refused(/^This is version \d+\.\d+\.\d+ already: nothing to do\.\n$/),
    );
  });

  it('changes that are not committed', () => {
    started();
    execFileSync('git', ['init', '--quiet'], { cwd: project });
    expect(upgrade('--to', resolve('.'))).toEqual(
      refused(/^There are changes that are not committed \(package\.json\): .*\n$/),
    );
    expect(readdirSync(project).sort()).toEqual(['.git', 'package.json']);
  });
});
