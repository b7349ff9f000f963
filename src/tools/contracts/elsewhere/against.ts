import type { ServedContracts } from '../../../served-contracts.js';
import { fail } from '../../lib/cli.js';
import type { Report } from '../check.js';
import { compareMessages } from '../schemas/compare-messages.js';
import type { Consumer } from '../sources/consumers.js';
import { readConsumption } from '../sources/consumers.js';
import type { ContextContracts, Snapshot } from '../describe.js';
import { messagesOf } from '../describe.js';
import { unmarked } from '../recorded/drafts.js';
import type { Finding } from '../finding.js';
import { judge } from '../judge.js';
import { Sources } from '../sources/sources.js';

/** A module of this repository, and whether its code is here. */
export type Ours = ContextContracts & { readonly elsewhere?: object };

/**
 * Compares the contracts here with those of another repository, or of what runs: what they have of our modules with ours,
 * and what we have of theirs with theirs. A former version of this repository has our modules as well.
 *
 * @param place what it is called in findings
 * @throws UsageError when neither has contracts of the other
 */
export function compareWith(root: string, ours: readonly Ours[], theirs: ServedContracts, place: string): Report {
  const shared = ours.filter((context) => isShared(context, theirs));
  if (shared.length === 0)
    return fail(`${place} and this repository know no module of each other: there is nothing to compare.`);
  const used = readConsumption(new Sources(root), ours, []).consumers;
  const findings = shared.flatMap((context) =>
    context.elsewhere ? oursBroken(context, theirs, place, used) : theirsBroken(context, theirs, place),
  );
  const messages = shared.reduce((sum, context) => sum + messagesOf(context).size, 0);
  return { messages, modules: shared.length, drafts: 0, findings };
}

/** Not where both have only its contracts: who owns them compares each with its own. */
function isShared({ name, elsewhere }: Ours, { modules }: ServedContracts): boolean {
  return Object.hasOwn(modules, name) && (elsewhere === undefined || modules[name]!.lives === 'here');
}

/** Of a module of ours: what would be broken there. */
function theirsBroken(context: Ours, { modules }: ServedContracts, place: string): Finding[] {
  const before = snapshotOf(modules[context.name]!.messages);
  const now = messagesOf(context);
  const consumers = Object.entries(modules).flatMap(([module, { lives, consumes, dependsOn }]): Consumer[] => {
    if (lives !== 'here' || dependsOn?.includes(context.name) === false) return [];
    const names = consumes ? Object.keys(consumes) : Object.keys(before);
    const needed = names.filter((message) => Object.hasOwn(before, message));
    return needed.map((message) => ({
      module: `${module} at ${place}`,
      message,
      ...(consumes?.[message] && { fields: consumes[message] }),
    }));
  });
  return compareMessages(before, now)
    .map((change) => judge(change, before[change.message]!, consumers, now))
    .filter(({ level }) => level === 'breaking');
}

/** Of a module of theirs: what here would be broken. */
function oursBroken(
  { name, contracts }: Ours,
  theirs: ServedContracts,
  place: string,
  used: readonly Consumer[],
): Finding[] {
  const mine = messagesOf({ name, contracts });
  const built = Object.fromEntries([...mine].map(([message, { contract }]) => [message, contract]));
  const served = Object.entries(snapshotOf(theirs.modules[name]!.messages));
  const after = new Map(served.map(([message, contract]) => [message, { contract, reads: contract.payload }]));
  return compareMessages(built, after)
    .map((change) => judge(change, built[change.message]!, used, mine))
    .filter(({ level }) => level === 'breaking')
    .map((finding) => ({
      ...finding,
      todo: `${place} has another ${finding.message}: release ${name} there first, or run "npm run contracts -- pull ${name}" and follow it here.`,
    }));
}

const snapshotOf = (messages: Snapshot): Snapshot =>
  Object.fromEntries(Object.entries(messages).map(([name, contract]) => [name, unmarked(contract)]));
