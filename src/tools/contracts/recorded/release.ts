import { fail } from '../../lib/cli.js';
import { draftsOf } from './drafts.js';
import type { ContextContracts, MessageContract } from '../describe.js';
import { readAllRecorded, writeRecorded } from './files.js';

/** Which messages, and why. */
export interface Releasing {
  /** Its wire name; absent: all drafts. */
  readonly message: string | undefined;
  /** The repository that took the message over. */
  readonly pulledBy: string | undefined;
}

/**
 * Takes the mark of a draft away in the snapshots, which have to be up to date.
 *
 * @returns the messages that are released now and were not before
 * @throws UsageError when there is no such message
 */
export async function releaseMessages(
  root: string,
  contexts: readonly ContextContracts[],
  { message, pulledBy }: Releasing,
): Promise<string[]> {
  const released: string[] = [];
  const all = readAllRecorded(root);
  if (message !== undefined)
    refuseUnknown(message, [...all.values()].flatMap(namesOf), [...all.values()].flatMap(draftsOf));
  for (const { name: module } of contexts) {
    const recorded = all.get(module);
    if (!recorded) continue;
    const { snapshot, samples } = recorded;
    const isWanted = (name: string) => message === undefined || name === message;
    const entries = Object.entries(snapshot).map(([name, contract]) => {
      return [name, isWanted(name) ? withoutMark(contract, pulledBy) : contract] as const;
    });
    const fresh = pulledBy === undefined ? draftsOf(recorded) : namesOf(recorded);
    released.push(...fresh.filter(isWanted));
    const drafts = samples.drafts.filter((name) => !isWanted(name));
    await writeRecorded(root, module, { snapshot: Object.fromEntries(entries), samples: { ...samples, drafts } });
  }
  return released;
}

type Names = Parameters<typeof draftsOf>[0];

const namesOf = ({ snapshot, samples }: Names) => [...Object.keys(snapshot), ...samples.drafts];

function refuseUnknown(message: string, known: readonly string[], drafts: readonly string[]): void {
  if (known.includes(message)) return;
  const there = drafts.length > 0 ? `The drafts are ${drafts.join(', ')}.` : 'There is no draft.';
  fail(`There is no message ${message} in the snapshots. ${there}`);
}

function withoutMark(contract: MessageContract, pulledBy: string | undefined): MessageContract {
  const { draft: _, pulledBy: before = [], ...rest } = contract;
  const by = pulledBy === undefined ? before : [...new Set([...before, pulledBy])].sort();
  return { ...rest, ...(by.length > 0 && { pulledBy: by }) };
}
