import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { blocksOf, runPage, wrong } from './page.js';
import { allPages } from './pages.js';

/** It takes long, and has a spec of its own. */
const ELSEWHERE = 'docs/guides/extract-a-module.md';
const pages = allPages().map((file) => ({ file, blocks: blocksOf(readFileSync(file, 'utf8')) }));
const blocks = pages.flatMap(({ file, blocks: own }) => own.map((block) => ({ file, ...block })));

/** The parts of a script that could each be run by somebody else. */
const commandsOf = (script: string) =>
  script
    .split(/\n|&&/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');

describe('the commands in the documentation', () => {
  it.each(pages.filter(({ file, blocks: own }) => file !== ELSEWHERE && own.some(({ mark }) => mark === '')))(
    '$file does what it promises',
    async ({ file }) => {
      expect(wrong(await runPage(file))).toEqual([]);
    },
    300_000,
  );

  it.each(blocks.filter(({ mark }) => mark === 'ci'))('$file, "$heading": is what CI itself runs', ({ script }) => {
    // What never ends is started by many specs.
    const run = `${readFileSync('.ci/run', 'utf8')}\nnpm start`;
    for (const command of commandsOf(script)) expect(run).toContain(command);
  });

  it.each(blocks.filter(({ mark }) => mark !== '' && mark !== 'ci'))(
    '$file, "$heading": not run, as it needs a $mark; its syntax is right',
    ({ script, mark }) => {
      expect(['docker', 'cluster', 'server']).toContain(mark);
      expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    },
  );
});
