import type { Recorded, Release } from './drafts.js';
import { releaseOf } from './drafts.js';
import type { ContextContracts, CurrentMessage, Snapshot } from '../describe.js';
import { messagesOf } from '../describe.js';
import { readAllRecorded, readRecorded, writeRecorded } from './files.js';
import type { SampleFile } from './samples.js';
import { inventSample, renewed, unsampled } from './samples.js';
import { storedMessagesOf } from './stored.js';

/** What an update did. */
export interface Updated {
  /** The files that changed. */
  readonly written: readonly string[];
  /** The messages of which no sample could be made up. */
  readonly strange: readonly string[];
}

type Messages = ReadonlyMap<string, CurrentMessage>;

/**
 * Writes the snapshots, and a sample of each message that has none. A message that is new is a draft. Samples of what was
 * released stay as they are: they stand for what outboxes hold; those of drafts follow their class.
 *
 * @param force whether samples that cannot be read any more are made anew as well, whatever was released
 */
export async function updateContracts(
  root: string,
  contexts: readonly ContextContracts[],
  force = false,
): Promise<Updated> {
  const release = releaseOf(root, readAllRecorded(root));
  const written: string[] = [];
  const strange: string[] = [];
  for (const context of contexts) {
    const messages = await storedMessagesOf(context);
    const before = readRecorded(root, context.name);
    const kept = Object.fromEntries(
      Object.entries(before.samples.samples).flatMap(([name, sample]) => {
        const value = renewed(sample, messages.get(name), { draft: release.drafts.has(name), force });
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
    const { samples, missing } = invent(unsampled(kept, messages), messages);
    const snapshot = marked(context, before, release);
    const all = { samples: { ...kept, ...samples }, drafts: ownDrafts(messages, snapshot, before, release) };
    written.push(...(await writeRecorded(root, context.name, { snapshot, samples: all })));
    strange.push(...missing);
  }
  return { written, strange };
}

/** The contracts of now, with what the snapshot said of their release. */
function marked(context: ContextContracts, before: Recorded, { drafts }: Release): Snapshot {
  const entries = [...messagesOf(context)].map(([name, { contract }]) => {
    const { pulledBy } = before.snapshot[name] ?? {};
    const draft = drafts.has(name) || isNew(name, before);
    return [name, { ...contract, ...(draft && { draft }), ...(pulledBy && { pulledBy }) }] as const;
  });
  return Object.fromEntries(entries);
}

const isNew = (name: string, { snapshot, samples }: Recorded) => !(name in snapshot) && !(name in samples.samples);

/** What the contracts do not show, and so the snapshot cannot mark. */
function ownDrafts(
  messages: Messages,
  snapshot: Snapshot,
  before: Recorded,
  { drafts }: Release,
): SampleFile['drafts'] {
  const own = [...messages.keys()].filter((name) => !(name in snapshot));
  return own.filter((name) => drafts.has(name) || isNew(name, before));
}

function invent(names: readonly string[], messages: Messages) {
  const made = names.map((name) => [name, inventSample(messages.get(name)!)] as const);
  return {
    samples: Object.fromEntries(made.filter(([, sample]) => sample !== undefined)),
    missing: made.filter(([, sample]) => sample === undefined).map(([name]) => name),
  };
}
