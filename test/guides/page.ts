import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readFile, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { afterwards, emptyFolder, openFolder, ownEnv } from '../support/stage.js';

const END = '::end of block::';
/** The ports that pages speak of; each run gets free ones instead. */
const PORTS = ['3000', '3001', '4000', '4001'];

/** A block of commands in a page of the documentation. */
export interface Block {
  heading: string;
  /** What stands behind `sh`: what it needs that is not here, or `ci` for what CI itself runs. */
  mark: string;
  script: string;
  /** What the text after it says is to be expected. */
  expected: string[];
}

/** The command blocks of a page: those that begin with three backticks and `sh`. */
export function blocksOf(text: string): Block[] {
  // What stands there in a project without the example is a comment in one with it.
  const present = text.replaceAll(/<!-- example:instead\n[\s\S]*?-->/g, '');
  return present.split(/^##+ /m).flatMap((section) => {
    const heading = section.split('\n')[0]!;
    const parts = section.split(/^```sh *(.*)\n([\s\S]*?)^```$/m);
    const at = [...parts.keys()].filter((index) => index % 3 === 1);
    return at.map((n) => ({ heading, mark: parts[n]!, script: parts[n + 1]!, expected: expectedIn(parts[n + 2]!) }));
  });
}

function expectedIn(text: string): string[] {
  const sentence = /Expect ([\s\S]*?)\.(\s|$)/.exec(text)?.[1] ?? '';
  return [...sentence.matchAll(/`([^`]+)`/g)].map(([, words]) => words!);
}

export interface Outcome {
  blocks: Block[];
  /** What each block wrote, up to the last one that succeeded. */
  outputs: string[];
  /** What was written by the block that failed, if one did. */
  rest: string;
}

/**
 * Runs the unmarked blocks of pages in a copy of the repository, in order and in one shell, as a person would. What an
 * earlier page has done already is not done again. It stops at the first that fails.
 */
export async function runPages(...files: string[]): Promise<Outcome> {
  return await runPagesIn(await copyOfRepository(), ...files);
}

/** The same in a project that is there, with its own pages. */
export async function runPagesIn(cwd: string, ...files: string[]): Promise<Outcome> {
  const text = (await Promise.all(files.map((file) => readFile(join(cwd, file), 'utf8')))).join('\n');
  const ports = await freePorts(PORTS.length);
  const moved = PORTS.reduce(
    (all, port, at) => all.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), String(ports[at])),
    text,
  );
  const blocks = withoutRepetitions(blocksOf(moved).filter(({ mark }) => mark === ''));
  const [env, TMPDIR] = [await ownEnv(), await openFolder()];
  const { PATH, HOME } = process.env;
  const shell = spawn('bash', ['-c', [OPENING, ...blocks.map(({ script }) => `${script}\necho '${END}'`)].join('\n')], {
    cwd,
    env: { PATH, HOME, TMPDIR, ...env, PORT: String(ports[0]) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  afterwards(async () => void shell.kill('SIGTERM'));
  const wrote = { output: '', errors: '' };
  shell.stdout.on('data', (chunk: Buffer) => (wrote.output += chunk.toString()));
  shell.stderr.on('data', (chunk: Buffer) => (wrote.errors += chunk.toString()));
  await new Promise((ended) => shell.once('exit', ended));
  const outputs = wrote.output.split(END);
  return { blocks, outputs: outputs.slice(0, -1), rest: outputs.at(-1)! + wrote.errors };
}

function withoutRepetitions(blocks: readonly Block[]): Block[] {
  const done = new Set<string>();
  return blocks.filter(({ script }) => {
    const lines = script.split('\n').filter((line) => !done.has(line));
    for (const line of lines) done.add(line);
    return lines.length > 0;
  });
}

/** Stops at the first failure; whatever was started in the background ends with the shell. */
const OPENING = `set -em
trap 'exit 1' TERM
trap 'for group in $(jobs -p); do kill -- -$group 2>/dev/null || true; done; wait' EXIT`;

/** What git knows of, built, with the packages of this one. */
async function copyOfRepository(): Promise<string> {
  const folder = await emptyFolder();
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { encoding: 'utf8' }).split('\0');
  for (const file of files.filter((name) => name !== '' && existsSync(name))) await cp(file, join(folder, file));
  await cp('dist', join(folder, 'dist'), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** What a page promised and did not keep. */
export function wrong({ blocks, outputs, rest }: Outcome): string[] {
  const failed = blocks.slice(outputs.length, outputs.length + 1).map(({ heading }) => `"${heading}" failed: ${rest}`);
  const missing = outputs.flatMap((output, at) => {
    const { heading, expected } = blocks[at]!;
    return expected.filter((words) => !output.includes(words)).map((words) => `"${heading}": no ${words} in ${output}`);
  });
  return [...failed, ...missing];
}
