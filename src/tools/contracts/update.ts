import type { ContextContracts, CurrentMessage } from './describe.js';
import { snapshotOf } from './describe.js';
import { readSamples, samplesPath, snapshotPath, writeJson } from './files.js';
import { inventSample, unsampled } from './samples.js';
import { storedMessagesOf } from './stored.js';

/**
 * Writes the snapshots, and a sample of each message that has none. Samples that exist stay as they are: they stand for
 * what outboxes hold.
 *
 * @returns the files that changed, and the messages of which no sample could be made up
 */
export async function updateContracts(root: string, contexts: readonly ContextContracts[]) {
  const written: string[] = [];
  const strange: string[] = [];
  for (const context of contexts) {
    const messages = storedMessagesOf(context);
    const before = readSamples(root, context.name);
    const { samples, missing } = invent(unsampled(before, messages), messages);
    if (await writeJson(root, snapshotPath(context.name), snapshotOf(context)))
      written.push(snapshotPath(context.name));
    strange.push(...missing);
    if (Object.keys(samples).length === 0) continue;
    await writeJson(root, samplesPath(context.name), { ...before, ...samples });
    written.push(samplesPath(context.name));
  }
  return { written, strange };
}

function invent(names: readonly string[], messages: ReadonlyMap<string, CurrentMessage>) {
  const made = names.map((name) => [name, inventSample(messages.get(name)!)] as const);
  return {
    samples: Object.fromEntries(made.filter(([, sample]) => sample !== undefined)),
    missing: made.filter(([, sample]) => sample === undefined).map(([name]) => name),
  };
}
