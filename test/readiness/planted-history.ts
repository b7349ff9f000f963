import { spawnSync } from 'node:child_process';

/** One change to be planted. */
export interface Planted {
  author: string;
  subject: string;
  /** Paths that it changes. */
  files: readonly string[];
  /** Comes in by a merge commit, on a branch of its own. */
  merged?: boolean;
  tag?: string;
}

/** Makes a repository of a folder with these commits, by `git fast-import`: thousands take a second. */
export function plantHistory(root: string, changes: readonly Planted[]): void {
  git(root, ['init', '--quiet', '--initial-branch=main']);
  let mark = 0;
  let head = 0;
  const stream: string[] = [];
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const who = (author: string, at: number) => `${author} <${author}@example.org> ${1_700_000_000 + at * 60} +0000`;
  changes.forEach(({ author, subject, files, merged, tag }, at) => {
    const commit = (parents: readonly number[], ref: string, text: string, own: readonly string[]) => {
      stream.push(
        `commit ${ref}\nmark :${++mark}\nauthor ${who(author, at)}\ncommitter ${who(author, at)}\n${data(text)}`,
      );
      if (parents[0]) stream.push(`from :${parents[0]}\n`);
      if (parents[1]) stream.push(`merge :${parents[1]}\n`);
      for (const file of own) stream.push(`M 100644 inline ${file}\n${data(`${at}`)}`);
      return mark;
    };
    if (merged) {
      const branch = commit([head], 'refs/heads/topic', subject, files);
      head = commit([head, branch], 'refs/heads/main', `Merge branch 'topic-${at}'`, files);
    } else head = commit([head], 'refs/heads/main', subject, files);
    if (tag) stream.push(`reset refs/tags/${tag}\nfrom :${head}\n\n`);
  });
  git(root, ['fast-import', '--quiet', '--date-format=raw', '--force'], stream.join(''));
}

function git(cwd: string, args: readonly string[], input?: string): void {
  const { status, stderr } = spawnSync('git', args, { cwd, ...(input !== undefined && { input }) });
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr.toString()}`);
}

/**
 * A long history of many modules: each change touches one module, every fifth its successor too, every tenth comes by a merge,
 * and every hundredth is tagged.
 */
export function longHistory(modules: readonly string[], commits: number): Planted[] {
  return Array.from({ length: commits }, (_, at) => {
    const [own, next] = [modules[at % modules.length]!, modules[(at + 1) % modules.length]!];
    const files = [
      `modules/${own}/file-${at % 40}.ts`,
      ...(at % 5 === 0 ? [`modules/${next}/contracts/index.ts`] : []),
    ];
    const tag = at % 100 === 99 ? { tag: `v${at}` } : {};
    return { author: `author-${at % 12}`, subject: `change ${at}`, files, merged: at % 10 === 3, ...tag };
  });
}
