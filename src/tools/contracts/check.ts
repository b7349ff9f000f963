import { compareMessages } from './schemas/compare-messages.js';
import type { Consumer } from './sources/consumers.js';
import { readConsumption } from './sources/consumers.js';
import type { ContextContracts, CurrentMessage } from './describe.js';
import { messagesOf } from './describe.js';
import type { Recorded, Release } from './recorded/drafts.js';
import { releaseOf, unmarked } from './recorded/drafts.js';
import {
  readAllRecorded,
  readModuleFiles,
  readRecorded,
  readRecordedAt,
  refuseUnknownModules,
  samplesPath,
  snapshotPath,
} from './recorded/files.js';
import type { Finding } from './finding.js';
import { hiddenMessages } from './sources/hidden.js';
import { lockFindings } from './elsewhere/lock.js';
import { judge, unknownFields } from './judge.js';
import { unreadable, unsampled } from './recorded/samples.js';
import { unfitReplacements } from './recorded/replacements.js';
import { Sources } from './sources/sources.js';
import { storedMessagesOf } from './recorded/stored.js';

export interface Report {
  /** How much was looked at, so that nothing is not mistaken for everything. */
  readonly messages: number;
  readonly modules: number;
  readonly drafts: number;
  readonly findings: readonly Finding[];
}

/**
 * Compares the contracts in the code with what was published before.
 *
 * @param root the project's folder
 * @param base a git revision; absent: the snapshots of the working tree, which then also have to be up to date
 * @throws UsageError when it cannot be checked
 */
export async function checkContracts(
  root: string,
  contexts: readonly ContextContracts[],
  base?: string,
): Promise<Report> {
  refuseUnknownModules(root, contexts);
  const before = base === undefined ? readAllRecorded(root) : readRecordedAt(root, base);
  const released = releaseOf(root, before);
  const now = new Map(contexts.map((context) => [context.name, messagesOf(context)]));
  const messages = new Map([...now.values()].flatMap((module) => [...module]));
  const gone = [...before.values()]
    .flatMap(({ snapshot }) => Object.keys(snapshot))
    .filter((name) => !messages.has(name));
  const sources = new Sources(root);
  const { consumers, problems } = readConsumption(sources, contexts, gone);
  const hidden = contexts.flatMap((context) => hiddenMessages(context, sources));
  const everybody = [...consumers, ...elsewhere(before)];
  const changes = [...released.snapshots].flatMap(([module, snapshot]) =>
    compareMessages(snapshot, now.get(module) ?? new Map()).map((change) =>
      judge(change, snapshot[change.message]!, everybody, messages),
    ),
  );
  const away = contexts.filter((context) => context.elsewhere).map(({ name }) => name);
  const locks = base === undefined ? lockFindings(readModuleFiles(root, away), away) : [];
  const stale =
    base === undefined ? [...driftOf(before, now, changes), ...(await samplesOf(root, contexts, released))] : [];
  const replaced = unfitReplacements(released.snapshots, messages);
  const findings = [
    ...changes,
    ...replaced,
    ...stale,
    ...unknownFields(consumers, messages),
    ...problems,
    ...hidden,
    ...locks,
  ];
  return {
    messages: messages.size,
    modules: contexts.length,
    drafts: [...messages.keys()].filter((name) => released.drafts.has(name)).length,
    findings,
  };
}

/** Other repositories: what they need of a message is not known here. */
function elsewhere(before: ReadonlyMap<string, Recorded>): Consumer[] {
  const contracts = [...before.values()].flatMap(({ snapshot }) => Object.entries(snapshot));
  return contracts.flatMap(([message, { pulledBy = [] }]) =>
    pulledBy.map((name) => ({ module: `${name} (another repository)`, message })),
  );
}

const KEEP_READABLE =
  'Outboxes may hold such messages: as long as they do, keep them readable, by a default for what they lack or by a new version.';

type Now = ReadonlyMap<string, ReadonlyMap<string, CurrentMessage>>;

const UPDATE = 'Run "npm run contracts -- update" and commit what it writes.';

/** Changes that break nobody, and new messages, which the snapshots do not have yet. */
function driftOf(before: ReadonlyMap<string, Recorded>, now: Now, changes: readonly Finding[]): Finding[] {
  const breaking = new Set(changes.filter(({ level }) => level === 'breaking').map(({ message }) => message));
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((module) => {
    const [known, current] = [before.get(module)?.snapshot ?? {}, now.get(module) ?? new Map<string, CurrentMessage>()];
    const names = [...new Set([...Object.keys(known), ...current.keys()])].filter((name) => !breaking.has(name));
    const recorded = (name: string) => known[name] && unmarked(known[name]);
    const stale = names.filter((name) => !same(recorded(name), current.get(name)?.contract));
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

async function samplesOf(root: string, contexts: readonly ContextContracts[], release: Release): Promise<Finding[]> {
  const stored = await Promise.all(
    contexts.map(async (context) => [context, await storedMessagesOf(context)] as const),
  );
  return stored.flatMap(([context, messages]) => samplesOfModule(root, context, messages, release));
}

function samplesOfModule(
  root: string,
  context: ContextContracts,
  messages: Map<string, CurrentMessage>,
  { drafts }: Release,
): Finding[] {
  const { samples } = readRecorded(root, context.name).samples;
  const file = samplesPath(context.name);
  const problems = [...unreadable(samples, messages)];
  const missing = unsampled(samples, messages);
  const free = problems.map(([message]) => message).filter((message) => drafts.has(message));
  const drift = (what: string, names: readonly string[]): Finding[] =>
    names.length > 0 ? [{ level: 'drift', file, what: `${what} ${names.join(', ')}`, breaks: [], todo: UPDATE }] : [];
  const wrong = problems
    .filter(([message]) => !drafts.has(message))
    .map(([message, what]) => ({ level: 'wrong' as const, file, message, what, breaks: [], todo: KEEP_READABLE }));
  return [...drift('there is no sample of', missing), ...drift('the samples are out of date:', free), ...wrong];
}
