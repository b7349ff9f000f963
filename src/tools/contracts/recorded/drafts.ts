import type { MessageContract, Snapshot } from '../describe.js';
import type { SampleFile } from './samples.js';
import { releasedByTags } from './tags.js';

/** What the files of a module say of its messages. */
export interface Recorded {
  readonly snapshot: Snapshot;
  readonly samples: SampleFile;
}

/** Whether nobody outside of this repository has it, as far as its snapshot tells: tags may know better. */
const isDraft = ({ draft, pulledBy = [] }: MessageContract) => draft === true && pulledBy.length === 0;

/** The contract alone, without what its snapshot says of its release. */
export function unmarked(recorded: MessageContract): MessageContract {
  const { draft: _, pulledBy: __, ...contract } = recorded;
  return contract;
}

/** What may still change freely, and what has to be kept. */
export interface Release {
  /** Wire names. */
  readonly drafts: ReadonlySet<string>;
  /** The contracts that were released, by module. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
}

/**
 * A message is a draft from its first snapshot until `contracts release`, another repository or a tag has released it;
 * what a tag has is what it released, whatever the snapshot became since.
 *
 * @param root the project's folder
 * @param recorded the files of each module
 */
export function releaseOf(root: string, recorded: ReadonlyMap<string, Recorded>): Release {
  const marked = [...recorded.values()].flatMap(draftsOf);
  const tagged = releasedByTags(root, marked);
  const snapshots = [...recorded].map(([module, { snapshot }]) => {
    const kept = Object.entries(snapshot).flatMap(([name, contract]) => {
      const released = isDraft(contract) ? tagged.get(name)?.contract : contract;
      return released ? [[name, released] as const] : [];
    });
    return [module, Object.fromEntries(kept)] as const;
  });
  return { drafts: new Set(marked.filter((name) => !tagged.has(name))), snapshots: new Map(snapshots) };
}

/** Those of the contracts, and those that a module says to itself. */
export function draftsOf({ snapshot, samples }: Recorded): string[] {
  const published = Object.entries(snapshot).filter(([, contract]) => isDraft(contract));
  return [...published.map(([name]) => name), ...samples.drafts];
}
