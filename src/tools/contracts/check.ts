import { compareMessages } from './compare-messages.js';
import { readConsumption } from './consumers.js';
import type { ContextContracts, CurrentMessage, Snapshot } from './describe.js';
import { messagesOf } from './describe.js';
import {
  readSamples,
  readSnapshots,
  readSnapshotsAt,
  refuseUnknownModules,
  samplesPath,
  snapshotPath,
} from './files.js';
import type { Finding } from './finding.js';
import { hiddenMessages } from './hidden.js';
import { judge, unknownFields } from './judge.js';
import { unreadable, unsampled } from './samples.js';
import { Sources } from './sources.js';
import { storedMessagesOf } from './stored.js';

export interface Report {
  /** How much was looked at, so that nothing is not mistaken for everything. */
  readonly messages: number;
  readonly modules: number;
  readonly findings: readonly Finding[];
}

/**
 * Compares the contracts in the code with what was published before.
 *
 * @param root the project's folder
 * @param base a git revision; absent: the snapshots of the working tree, which then also have to be up to date
 * @throws UsageError when it cannot be checked
 */
export function checkContracts(root: string, contexts: readonly ContextContracts[], base?: string): Report {
  refuseUnknownModules(root, contexts);
  const before = base === undefined ? readSnapshots(root) : readSnapshotsAt(root, base);
  const now = new Map(contexts.map((context) => [context.name, messagesOf(context)]));
  const messages = new Map([...now.values()].flatMap((module) => [...module]));
  const gone = [...before.values()].flatMap((snapshot) => Object.keys(snapshot)).filter((name) => !messages.has(name));
  const sources = new Sources(root);
  const { consumers, problems } = readConsumption(sources, contexts, gone);
  const hidden = contexts.flatMap((context) => hiddenMessages(context, sources));
  const changes = [...before].flatMap(([module, snapshot]) =>
    compareMessages(snapshot, now.get(module) ?? new Map()).map((change) =>
      judge(change, snapshot[change.message]!, consumers, messages),
    ),
  );
  const stale = base === undefined ? [...driftOf(before, now, changes), ...samplesOf(root, contexts)] : [];
  const findings = [...changes, ...stale, ...unknownFields(consumers, messages), ...problems, ...hidden];
  return { messages: messages.size, modules: contexts.length, findings };
}

const KEEP_READABLE =
  'Outboxes may hold such messages: as long as they do, keep them readable, by a default for what they lack or by a new version.';

type Now = ReadonlyMap<string, ReadonlyMap<string, CurrentMessage>>;

const UPDATE = 'Run "npm run contracts -- update" and commit what it writes.';

/** Changes that break nobody, and new messages, which the snapshots do not have yet. */
function driftOf(before: ReadonlyMap<string, Snapshot>, now: Now, changes: readonly Finding[]): Finding[] {
  const breaking = new Set(changes.filter(({ level }) => level === 'breaking').map(({ message }) => message));
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((module) => {
    const [known, current] = [before.get(module) ?? {}, now.get(module) ?? new Map<string, CurrentMessage>()];
    const names = [...new Set([...Object.keys(known), ...current.keys()])].filter((name) => !breaking.has(name));
    const stale = names.filter((name) => !same(known[name], current.get(name)?.contract));
    if (stale.length === 0) return [];
    const what = `the snapshot is out of date: ${stale.join(', ')}`;
    return [{ level: 'drift' as const, file: snapshotPath(module), what, breaks: [], todo: UPDATE }];
  });
}

/** Equal but for the order of fields. */
const same = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function samplesOf(root: string, contexts: readonly ContextContracts[]): Finding[] {
  return contexts.flatMap((context) => {
    const [samples, messages] = [readSamples(root, context.name), storedMessagesOf(context)];
    const file = samplesPath(context.name);
    const missing = unsampled(samples, messages);
    const what = `there is no sample of ${missing.join(', ')}`;
    const wrong = [...unreadable(samples, messages)].map(([message, problem]) => {
      return { level: 'wrong' as const, file, message, what: problem, breaks: [], todo: KEEP_READABLE };
    });
    return missing.length === 0 ? wrong : [{ level: 'drift' as const, file, what, breaks: [], todo: UPDATE }, ...wrong];
  });
}
