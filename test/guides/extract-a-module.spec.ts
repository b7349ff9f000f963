import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { afterwards, emptyFolder, ownEnv } from '../support/stage.js';

const GUIDE = resolve('docs/guides/extract-a-module.md');
/** The ports in the guide; each run gets free ones instead. */
const PORTS = ['3000', '3001', '4000', '4001'];
const END = '::end of block::';

interface Block {
  heading: string;
  script: string;
  /** What the text after it says is to be expected. */
  expected: string[];
}

function blocksOf(text: string): Block[] {
  return text.split(/^## /m).flatMap((section) => {
    const script = /```sh\n([\s\S]*?)```/.exec(section)?.[1];
    const after = section.split('```').at(-1)!;
    const sentence = /Expect ([\s\S]*?)\.(\s|$)/.exec(after)?.[1] ?? '';
    const expected = [...sentence.matchAll(/`([^`]+)`/g)].map(([, words]) => words!);
    return script ? [{ heading: section.split('\n')[0]!, script, expected }] : [];
  });
}

describe('the guide to lift a module out', () => {
  let outputs: string[];
  let blocks: Block[];
  /** Of the block that failed, if one did. */
  let rest: string;
  beforeAll(async () => {
    const text = await readFile(GUIDE, 'utf8');
    expect(text.split('\n').length).toBeLessThanOrEqual(150);
    const ports = await freePorts(PORTS.length);
    const moved = PORTS.reduce(
      (all, port, at) => all.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), String(ports[at])),
      text,
    );
    blocks = blocksOf(moved);
    expect(text.match(/```sh/g)).toHaveLength(blocks.length);
    ({ outputs, rest } = await run(blocks, ports[0]!));
  }, 600_000);

  it('has command blocks that all run, in order, with the output that it promises', () => {
    expect(blocks.map(({ heading }) => heading)).toHaveLength(6);
    if (outputs.length < blocks.length) throw new Error(`"${blocks[outputs.length]!.heading}" failed: ${rest}`);
    for (const [at, { expected }] of blocks.entries())
      for (const words of expected) expect(outputs[at]).toContain(words);
  });
});

/** One shell for all blocks, as a person would have it; it stops at the first that fails. */
async function run(blocks: readonly Block[], port: number) {
  const [env, TMPDIR] = [await ownEnv(), await emptyFolder()];
  const script = ['set -em', ...blocks.map(({ script: text }) => `${text}\necho '${END}'`), 'kill %%', 'wait'].join(
    '\n',
  );
  const { PATH, HOME } = process.env;
  const shell = spawn('bash', ['-c', script], {
    env: { PATH, HOME, TMPDIR, LOG_FORMAT: 'json', ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  afterwards(async () => void end(shell.pid!));
  let [output, errors] = ['', ''];
  shell.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  shell.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise((ended) => shell.once('exit', ended));
  const outputs = output.split(END);
  return { outputs: outputs.slice(0, -1), rest: outputs.at(-1)! + errors };
}

/** Whatever of the shell's group is left. */
function end(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Everything has ended by itself.
  }
}
