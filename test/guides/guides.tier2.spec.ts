import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { blocksOf, runPages, wrong } from './page.js';
import { allPages, LONG_GUIDES } from './pages.js';
import { needs } from '../support/needs.js';

const describe = needs('bash', 'curl', 'git', 'openssl');

/** They have specs of their own. */
const EXTRACTION = 'docs/guides/extract-a-module.md';
const BRINGING_IN = 'docs/guides/bring-in-a-module.md';
const ELSEWHERE = [EXTRACTION, BRINGING_IN, ...LONG_GUIDES];
const pages = allPages().map((file) => ({ file, blocks: blocksOf(readFileSync(file, 'utf8')) }));
const blocks = pages.flatMap(({ file, blocks: own }) => own.map((block) => ({ file, ...block })));

/** Pages whose commands are run one after the other: each by itself, but for those on failures, which ask the same questions. */
function tours(): { name: string; files: string[] }[] {
  const files = pages.filter(({ blocks: own }) => own.some(({ mark }) => mark === '')).map(({ file }) => file);
  const onFailures = files.filter((file) => file.startsWith('docs/runbooks/'));
  const others = files.filter((file) => !ELSEWHERE.includes(file) && !onFailures.includes(file));
  return [...others.map((file) => ({ name: file, files: [file] })), { name: 'docs/runbooks', files: onFailures }];
}

/** The parts of a script that could each be run by somebody else. */
const commandsOf = (script: string) =>
  script
    .split(/\n|&&/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');

describe('the commands in the documentation', () => {
  it.each(tours())(
    '$name: they do what is promised',
    async ({ files }) => {
      expect(wrong(await runPages(...files))).toEqual([]);
    },
    600_000,
  );

  it.each(blocks.filter(({ mark }) => mark === 'ci'))('$file, "$heading": is what CI itself runs', ({ script }) => {
    // What never ends is started by many specs.
    const run = `${readFileSync('.ci/run', 'utf8')}\nnpm start`;
    for (const command of commandsOf(script)) expect(run).toContain(command);
  });

  it('the commands in the documentation for a fresh clone are run by a spec of their own', () => {
    const pagesOf = new Set(blocks.filter(({ mark }) => mark === 'clone').map(({ file }) => file));
    expect([...pagesOf]).toEqual(['README.md']);
    expect(readFileSync('test/generators/generators.tier2.spec.ts', 'utf8')).toContain("readFileSync('README.md'");
  });

  it('the commands in the documentation for a move of data are run by a spec of their own', () => {
    const pagesOf = new Set(blocks.filter(({ mark }) => mark === 'cutover').map(({ file }) => file));
    expect([...pagesOf]).toEqual([EXTRACTION]);
    expect(readFileSync('test/guides/cutover-chapter.ts', 'utf8')).toContain(`'${EXTRACTION}'`);
    expect(readFileSync('test/guides/move-the-data.tier2.spec.ts', 'utf8')).toContain('runChapter(');
  });

  it.each(blocks.filter(({ mark }) => !['', 'ci', 'clone', 'cutover'].includes(mark)))(
    '$file, "$heading": not run, as it needs a $mark; its syntax is right',
    ({ script, mark }) => {
      expect(['docker', 'cluster', 'server']).toContain(mark);
      expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    },
  );
});
