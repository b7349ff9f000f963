import { execFileSync, spawnSync } from 'node:child_process';
import { chown, cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { HostEnv } from '../support/host-process.js';
import { openFolder } from '../support/stage.js';
import type { Instruction } from './dockerfile.js';
import { readDockerfile, readIgnore } from './dockerfile.js';

/** A stage of an image, as a folder. */
export class Stage {
  workdir = '/';
  user = '0';
  env: HostEnv = {};
  command: string[] = [];
  healthcheck: string[] = [];

  constructor(
    readonly root: string,
    /** The outside programs that RUN may use: none in the last stage. */
    readonly programs: HostEnv,
  ) {}

  path(inside: string): string {
    return join(this.root, resolve(this.workdir, inside));
  }
}

/**
 * Carries out the steps of the repository's Dockerfile in plain folders, as an engine would in layers: each stage has what was
 * copied into it, each RUN an empty environment.
 *
 * @returns the last stage
 * @throws Error with the output of the step that failed, or naming an instruction that is not known here
 */
export async function buildPlainly(): Promise<Stage> {
  const context = await makeContext();
  const stages = new Map<string, Stage>();
  let last: Stage | undefined;
  for (const [from, ...steps] of await readDockerfile('Dockerfile')) {
    last = await baseStage();
    const [, name] = /\sAS\s+(\w+)/i.exec(from!.rest) ?? [];
    if (name) stages.set(name, last);
    for (const step of steps) await carryOut(step, last, stages, context);
  }
  return last!;
}

/** What is there, and not ignored, without what .dockerignore leaves out. */
async function makeContext(): Promise<string> {
  const isSent = readIgnore(await readFile('.dockerignore', 'utf8'));
  const listed = (...which: readonly string[]) =>
    execFileSync('git', ['ls-files', '-z', ...which], { encoding: 'utf8' })
      .split('\0')
      .filter(Boolean);
  const gone = new Set(listed('--deleted'));
  const there = listed('--cached', '--others', '--exclude-standard').filter((name) => !gone.has(name));
  const context = await openFolder();
  for (const file of there.filter(isSent)) await cp(file, join(context, file));
  return context;
}

/** Base images bring Node.js; here it is the one that runs the tests. */
async function baseStage(): Promise<Stage> {
  const root = await openFolder();
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  await cp(process.execPath, join(root, 'usr/local/bin/node'));
  const { PATH, HOME } = process.env;
  return new Stage(root, { PATH: PATH!, HOME: HOME! });
}

const STEPS: Readonly<Record<string, (step: Instruction, stage: Stage) => unknown>> = {
  WORKDIR: ({ rest }, stage) => mkdir(stage.path((stage.workdir = rest)), { recursive: true }),
  ENV: ({ rest }, stage) => (stage.env = { ...stage.env, ...readAssignments(rest) }),
  USER: ({ rest }, stage) => (stage.user = rest),
  CMD: ({ rest }, stage) => (stage.command = JSON.parse(rest) as string[]),
  HEALTHCHECK: ({ rest }, stage) => (stage.healthcheck = JSON.parse(rest.replace(/^CMD /, '')) as string[]),
  EXPOSE: () => undefined,
  RUN: ({ rest }, stage) => run(rest, stage),
};

async function carryOut(step: Instruction, stage: Stage, stages: ReadonlyMap<string, Stage>, context: string) {
  if (step.name === 'COPY') return copy(step, stage, stages, context);
  const carry = STEPS[step.name];
  if (!carry) throw new Error(`${step.name}: teach ${basename(import.meta.url)} this instruction`);
  await carry(step, stage);
}

async function copy({ rest, flags }: Instruction, stage: Stage, stages: ReadonlyMap<string, Stage>, context: string) {
  const sources = rest.split(/\s+/);
  const target = sources.pop()!;
  const from = flags['from'] ? stages.get(flags['from'])!.root : context;
  for (const source of sources) {
    const [path, into] = [join(from, source), stage.path(target)];
    const isFolder = (await stat(path)).isDirectory();
    const to = target.endsWith('/') && !isFolder ? join(into, basename(source)) : into;
    await mkdir(dirname(to), { recursive: true });
    await cp(path, to, { recursive: true, verbatimSymlinks: true });
    if (flags['chown']) await giveTo(flags['chown'], to);
  }
}

/** Only root can give a folder away; whoever is not root runs everything himself. */
async function giveTo(user: string, folder: string): Promise<void> {
  const [uid, gid] = user.split(':').map(Number);
  if (process.getuid?.() === 0) await chown(folder, uid!, gid!);
}

function run(command: string, { programs, env, root, workdir }: Stage): void {
  const options = { cwd: join(root, workdir), env: { ...programs, ...env }, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], options);
  if (status !== 0) throw new Error(`RUN ${command}\n${stdout}\n${stderr}`);
}

function readAssignments(text: string): HostEnv {
  return Object.fromEntries(text.split(/\s+/).map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

/** The packages that a stage holds. */
export async function packagesOf(stage: Stage): Promise<string[]> {
  const modules = stage.path('node_modules');
  const names = (await readdir(modules)).filter((name) => !name.startsWith('.'));
  const scoped = names.filter((name) => name.startsWith('@'));
  const within = await Promise.all(
    scoped.map(async (scope) => (await readdir(join(modules, scope))).map((name) => `${scope}/${name}`)),
  );
  return [...names.filter((name) => !name.startsWith('@')), ...within.flat()];
}
