import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, getFileInfo, resolveConfig } from 'prettier';
import { fail } from '../lib/cli.js';

/** A file, as it was and as it is; absent where there was or is none. */
export interface Difference {
  path: string;
  before: string | undefined;
  after: string | undefined;
}

/** Files to be written, all of them or none. */
export class Changes {
  readonly #texts = new Map<string, string | undefined>();
  readonly #before = new Map<string, string | undefined>();

  constructor(private readonly root: string) {}

  get paths(): string[] {
    return [...this.#texts.keys()];
  }

  /** @throws UsageError when the file is there */
  add(path: string, text: string): void {
    if (existsSync(join(this.root, path))) fail(`${path} is there already: nothing was written.`);
    this.#texts.set(path, text);
  }

  edit(path: string, text: string): void {
    this.#texts.set(path, text);
  }

  remove(path: string): void {
    this.#texts.set(path, undefined);
  }

  removes(path: string): boolean {
    return this.#texts.has(path) && this.#texts.get(path) === undefined;
  }

  /** The text that a file will have. */
  textOf(path: string): string {
    return this.#texts.get(path) ?? readFileSync(join(this.root, path), 'utf8');
  }

  /** Writes the files, formatted, and does what depends on them. If that fails they are again as they were. */
  async apply(then: () => void | Promise<void>): Promise<void> {
    const texts = await Promise.all(
      [...this.#texts].map(async ([path, text]) => [path, await this.#formatted(path, text)] as const),
    );
    try {
      for (const [path, text] of texts) this.#write(path, text);
      await then();
    } catch (error) {
      this.restore();
      throw error;
    }
  }

  /** Writes a file anew, formatted, while `apply` does what depends on the files. */
  async rewrite(path: string, text: string): Promise<void> {
    this.#write(path, await this.#formatted(path, text));
  }

  /** Notes a file that something else is going to write, so that it can be restored. */
  watch(path: string): void {
    if (this.#before.has(path)) return;
    const full = join(this.root, path);
    this.#before.set(path, existsSync(full) ? readFileSync(full, 'utf8') : undefined);
  }

  /** The files that are other ones than before. */
  differences(): Difference[] {
    const all = [...this.#before].map(([path, before]) => {
      const full = join(this.root, path);
      return { path, before, after: existsSync(full) ? readFileSync(full, 'utf8') : undefined };
    });
    return all.filter(({ before, after }) => before !== after);
  }

  restore(): void {
    for (const [path, text] of this.#before) put(join(this.root, path), text);
  }

  #write(path: string, text: string | undefined): void {
    this.watch(path);
    put(join(this.root, path), text);
  }

  async #formatted(path: string, text: string | undefined): Promise<string | undefined> {
    return text === undefined ? undefined : await formatted(this.root, path, text);
  }
}

/** A text as the formatter of the project wants it at that path. */
export async function formatted(root: string, path: string, text: string): Promise<string> {
  const filepath = join(root, path);
  const { ignored, inferredParser } = await getFileInfo(filepath, { ignorePath: join(root, '.prettierignore') });
  if (ignored || inferredParser === null) return text;
  return await format(text, { ...(await resolveConfig(filepath)), filepath });
}

/** Writes a file, or takes it away. */
export function put(path: string, text: string | undefined): void {
  if (text === undefined) return take(path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** With the folders that it leaves empty. */
function take(path: string): void {
  rmSync(path, { force: true });
  for (let folder = dirname(path); existsSync(folder) && readdirSync(folder).length === 0; folder = dirname(folder))
    rmdirSync(folder);
}
