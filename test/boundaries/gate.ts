import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { write, writeSyntheticTree } from './synthetic-tree.js';

export interface Reported {
  file: string;
  line: number;
  rule: string;
  fromModule: string | null;
  toModule: string | null;
  target: string;
  message: string;
  meant?: string;
  known?: true;
}

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

const GATE = join(process.cwd(), 'dist/src/tools/boundaries.js');

/** Names that begin like another one, as real ones do. */
export const MODULES = ['order', 'order-item', 'billing', 'stock'];

/** A tree in a folder of its own, gone after the tests. */
export function makeTree(files: Readonly<Record<string, string>> = {}, modules: readonly string[] = MODULES): string {
  const root = mkdtempSync(join(tmpdir(), 'boundaries-'));
  made.push(root);
  writeSyntheticTree(root, { modules, filesPerModule: 10 });
  for (const [path, text] of Object.entries(files)) write(root, path, text);
  return root;
}

const made: string[] = [];

export function removeTrees(): void {
  for (const root of made.splice(0)) rmSync(root, { recursive: true });
}

/** Runs the gate as its users do. */
export async function runGate(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  if (!existsSync(GATE)) throw new Error('The gate was not built: run "npm run build".');
  const { GITHUB_ACTIONS: _, ...own } = process.env;
  const child = spawn(process.execPath, [GATE, ...args], { env: { ...own, ...env } });
  const outcome = { status: null, stdout: '', stderr: '' } as Outcome;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
  outcome.status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  return outcome;
}

/** What fails a tree. @throws when it could not check it */
export async function violationsOf(root: string): Promise<Reported[]> {
  const { status, stdout, stderr } = await runGate(['--json', '--root', root]);
  if (status === 2 || stderr) throw new Error(stderr);
  const violations = (JSON.parse(stdout) as Reported[]).filter(({ meant, known }) => meant === undefined && !known);
  if ((status === 1) !== violations.length > 0) throw new Error(`exit ${status} with ${violations.length} violations`);
  return violations;
}

/** `file:line rule`, as the report begins. */
export function places(violations: readonly Reported[]): string[] {
  return violations.map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}
