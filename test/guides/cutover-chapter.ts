import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { HostEnv } from '../support/host-process.js';
import { loginAt, otherServer, ownEnv } from '../support/stage.js';
import { blocksOf } from './page.js';

/** A place for the application before its module moves to another server. */
export interface Moving {
  /** The environment of the application: its own database, and both logins of the module. */
  app: HostEnv & { DATA_DIR: string; DATABASE_URL: string };
  /** What the commands of the chapter need besides. */
  tool: Record<string, string>;
  password: string;
}

/** Two servers, and what the chapter wants to be said before its first command. */
export async function readyToMove(module: string): Promise<Moving> {
  const [own, target] = [await ownEnv(), new URL(await otherServer())];
  const logins = [own.DATABASE_URL, target.href].map((admin) => loginAt(admin, module));
  const password = decodeURIComponent(target.password);
  target.password = '';
  return {
    app: { ...own, [`${module.toUpperCase()}_DATABASE_URL`]: logins.join(' ') },
    tool: { MODULE: module, TARGET: target.href, CUTOVER_ADMIN_PASSWORD: password },
    password,
  };
}

/**
 * Runs the chapter's commands in a project, and judges what they write.
 * @param used uses the module after each block: it goes on answering
 */
export async function runChapter(root: string, moving: Moving, used: () => Promise<void>): Promise<void> {
  const text = await readFile(join(root, 'docs/guides/extract-a-module.md'), 'utf8');
  const blocks = blocksOf(text).filter(({ mark }) => mark === 'cutover');
  expect(blocks).toHaveLength(4);
  const { PATH, HOME, TMPDIR } = process.env;
  for (const { script, expected } of blocks) {
    const output = await ran(root, script, { PATH, HOME, TMPDIR, ...moving.app, ...moving.tool });
    for (const words of [...expected, 'exit 0']) expect(output).toContain(words);
    expect(output).not.toContain(moving.password);
    await used();
  }
}

/** Runs a block as a person would. */
async function ran(cwd: string, script: string, env: NodeJS.ProcessEnv): Promise<string> {
  const shell = spawn('bash', ['-ec', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const code = await new Promise((ended) => shell.once('close', ended));
  return `${output}\nexit ${String(code)}`;
}
