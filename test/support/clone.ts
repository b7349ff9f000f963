import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Ran {
  code: number | null;
  output: string;
  errors: string;
}

/** The project as somebody has cloned it: all of it committed, with the packages of this one. */
export class Clone {
  readonly root: string;

  /** @param there a repository that is there already, and gets the packages only */
  constructor(there?: string) {
    this.root = there ?? mkdtempSync(join(tmpdir(), 'clone-'));
    if (there === undefined) this.#copy();
    symlinkSync(resolve('node_modules'), join(this.root, 'node_modules'));
    appendFileSync(join(this.root, '.git/info/exclude'), 'node_modules\n');
  }

  #copy(): void {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']).toString();
    const paths = listed.split('\0').filter(Boolean);
    for (const path of paths) cpSync(resolve(path), join(this.root, path), { recursive: true, errorOnExist: false });
    this.git('init', '--quiet');
    cpSync('.gitignore', join(this.root, '.git/info/exclude'));
    this.commit();
  }

  commit(): void {
    this.git('add', '--all');
    this.git('-c', 'user.name=somebody', '-c', 'user.email=somebody@example.org', 'commit', '--quiet', '-m', 'changes');
  }

  git(...args: readonly string[]): string {
    return execFileSync('git', args, { cwd: this.root, encoding: 'utf8' });
  }

  /** Runs Node in it, as its npm scripts do. */
  async node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const { PATH, HOME, TMPDIR } = process.env;
    const child = spawn(process.execPath, args, { cwd: this.root, env: { PATH, HOME, TMPDIR, ...env } });
    const ran: Ran = { code: null, output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.errors += text));
    ran.code = await new Promise((ended, failed) => child.on('error', failed).on('close', ended));
    return ran;
  }

  /** Runs a tool that was built before. */
  async tool(name: string, ...args: readonly string[]): Promise<Ran> {
    return await this.node([join('dist/src/tools', `${name}.js`), ...args]);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
