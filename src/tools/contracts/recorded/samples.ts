import { examplesOf } from '../../../platform/messaging/plain/examples.js';
import type { CurrentMessage } from '../describe.js';

/** One message of each version that was ever published, as an outbox may still hold it: `contracts.samples.json`. */
export type Samples = Readonly<Record<string, unknown>>;

/** `contracts.samples.json` in its two parts. */
export interface SampleFile {
  readonly samples: Samples;
  /** Messages that a module says to itself and that were never released, under `$drafts`. */
  readonly drafts: readonly string[];
}

type Messages = ReadonlyMap<string, CurrentMessage>;

/** The messages that have no sample yet. */
export const unsampled = (samples: Samples, messages: Messages) =>
  [...messages.keys()].filter((name) => !(name in samples));

/**
 * Reads every sample with the class of today. Pure.
 *
 * @returns for each message that cannot be read what is wrong with it
 */
export function unreadable(samples: Samples, messages: Messages): Map<string, string> {
  const problems = Object.entries(samples).map(([name, sample]) => {
    const type = messages.get(name)?.type;
    return [name, type ? parseProblem(() => new type(sample as never)) : GONE] as const;
  });
  return new Map(problems.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const GONE = 'is not published any more: remove its sample when no outbox holds such a message';

function parseProblem(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return `its stored sample cannot be read any more: ${(error as Error).message}`;
  }
}

/**
 * Makes up a sample of a message, the same one each time.
 * @returns `undefined` when the schema has rules that nobody can guess
 */
export function inventSample({ type }: CurrentMessage): object | undefined {
  for (const example of examplesOf(type.definition.payload)) {
    try {
      return new type(example as never);
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * What becomes of a sample when contracts are updated.
 *
 * @param message absent where it is no longer published
 * @returns the sample to keep; `undefined` where it goes, or has to be made up anew
 */
export function renewed(
  sample: unknown,
  message: CurrentMessage | undefined,
  { draft, force }: { draft: boolean; force: boolean },
): unknown {
  if (!draft && !force) return sample;
  if (!message) return undefined;
  try {
    const read = new message.type(sample as never);
    return draft ? read : sample;
  } catch {
    return undefined;
  }
}
