import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A commit or a merge, and what it changed in modules. */
export interface Change {
  id: string;
  author: string;
  subject: string;
  /** Whether it has more than one parent. */
  merges: boolean;
  /** Module → whether its contracts were among what changed. */
  modules: ReadonlyMap<string, { contracts: boolean }>;
}

export interface History {
  /** Every commit that touched a module, without merges. */
  commits: readonly Change[];
  /** What came into the branch by its first parents: merges with all that they brought, and commits. The latest first. */
  landed: readonly Change[];
  /** Every commit by first parents, the latest first. */
  line: readonly string[];
  /** Tagged commits: id → tag. */
  tags: ReadonlyMap<string, string>;
  /** Whether the clone has only a part of the history. */
  shallow: boolean;
}

/** Why there is no history to read. */
export class NoHistory extends Error {
  override readonly name = 'NoHistory';
}

const SEPARATOR = '\u001F';
const FORMAT = `--format=${SEPARATOR}%H${SEPARATOR}%P${SEPARATOR}%aN${SEPARATOR}%s`;
/** Trees are compared, contents are never read: a clone without blobs will do. */
const NAMES = ['--no-renames', '--name-only', '--no-show-signature', '--relative', FORMAT];

/**
 * Reads which modules each change of the current branch touched.
 *
 * @param root the project's folder, also where it is not that of the repository
 * @param since a date that git understands; everything by default
 * @throws NoHistory where there is no git, no repository, or no commit
 */
export async function readHistory(root: string, since?: string): Promise<History> {
  const git = (...args: string[]) => lines(root, args);
  const period = since === undefined ? [] : [`--since=${since}`];
  if ((await git('rev-parse', '--verify', '--quiet', 'HEAD')).length === 0) throw new NoHistory('There is no commit.');
  const [commits, landed, line, tags, [shallow]] = await Promise.all([
    git('log', '--no-merges', '--full-history', ...period, ...NAMES, 'HEAD', '--', 'modules'),
    git('log', '--first-parent', '-m', ...period, ...NAMES, 'HEAD', '--', 'modules'),
    git('rev-list', '--first-parent', ...period, 'HEAD'),
    git('for-each-ref', 'refs/tags', '--format=%(objectname) %(*objectname) %(refname:short)'),
    git('rev-parse', '--is-shallow-repository'),
  ]);
  return {
    commits: changesIn(commits),
    landed: changesIn(landed),
    line,
    tags: new Map(tags.map(tagOf)),
    shallow: shallow === 'true',
  };
}

/** An annotated tag has an object of its own, which leads to the commit. */
function tagOf(line: string): [string, string] {
  const [own, commit, name] = line.split(' ') as [string, string, string];
  return [commit === '' ? own : commit, name];
}

function changesIn(text: readonly string[]): Change[] {
  const changes: Change[] = [];
  let modules = new Map<string, { contracts: boolean }>();
  for (const line of text) {
    if (line.startsWith(SEPARATOR)) {
      const [, id, parents, author, subject] = line.split(SEPARATOR) as [string, string, string, string, string];
      modules = new Map();
      changes.push({ id, author, subject, merges: parents.includes(' '), modules });
      continue;
    }
    // Quoted where it has unusual signs.
    const [, module, rest] = /^"?modules\/([^/]+)\/(.*)/.exec(line) ?? [];
    if (module === undefined) continue;
    const contracts = /^contracts(?:\/|\.snapshot\.json)/.test(rest!) || modules.get(module)?.contracts === true;
    modules.set(module, { contracts });
  }
  return changes.filter((change) => change.modules.size > 0);
}

async function lines(cwd: string, args: readonly string[]): Promise<string[]> {
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
  const child = spawn('git', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<number | Error>((resolve) => child.once('close', resolve).once('error', resolve));
  const found: string[] = [];
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) if (line) found.push(line);
  const end = await ended;
  if (end instanceof Error) throw new NoHistory(`git cannot be run: ${end.message}.`);
  // `rev-parse --quiet` says by its code alone that there is none.
  if (end !== 0 && errors !== '') throw new NoHistory(`git says: ${errors.trim().split('\n')[0]}`);
  return found;
}
