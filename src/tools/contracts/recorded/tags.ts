import { spawnSync } from 'node:child_process';
import type { MessageContract, Snapshot } from '../describe.js';

/** What a tag has of a message; no contract where the module says it to itself only. */
interface Tagged {
  readonly tag: string;
  readonly contract?: MessageContract;
}

const FILES = ['modules/*/contracts.snapshot.json', 'modules/*/contracts.samples.json'];

/**
 * Looks for messages in the snapshots and samples of all tags. Without git or tags there are none.
 *
 * @param names wire names; nothing is read where there are none
 * @returns for each that a tag has what the newest such tag has of it
 */
export function releasedByTags(root: string, names: readonly string[]): Map<string, Tagged> {
  const found = new Map<string, Tagged>();
  const tags =
    names.length > 0 ? git(root, ['for-each-ref', '--sort=-creatordate', '--format=%(refname)', 'refs/tags']) : [];
  if (tags.length === 0) return found;
  const wanted = names.flatMap((name) => ['-e', `"${name}":`]);
  const hits = new Set(git(root, ['grep', '-l', '-F', ...wanted, ...tags, '--', ...FILES]));
  for (const tag of tags) {
    const missing = names.filter((name) => !found.has(name));
    for (const path of [...hits].filter((hit) => hit.startsWith(`${tag}:`))) collect(root, tag, path, missing, found);
  }
  return found;
}

function collect(root: string, tag: string, hit: string, names: readonly string[], found: Map<string, Tagged>): void {
  const path = hit.slice(tag.length + 1);
  const content = jsonOf(git(root, ['show', `${tag}:./${path}`]).join('\n'));
  const isSnapshot = path.endsWith('.snapshot.json');
  for (const name of names.filter((each) => each in content)) {
    const contract = isSnapshot ? content[name]! : found.get(name)?.contract;
    found.set(name, { tag, ...(contract && { contract }) });
  }
}

function jsonOf(text: string): Snapshot {
  try {
    return JSON.parse(text) as Snapshot;
  } catch {
    return {};
  }
}

/** The lines that it prints; none where it fails. */
function git(root: string, args: readonly string[]): string[] {
  const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return status === 0 ? stdout.split('\n').filter((line) => line !== '') : [];
}
