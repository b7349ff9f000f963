import type { Database } from '../../transaction/database.js';
import type { Consumer } from '../consumer/consumer.js';
import type { Known } from './heard.js';
import { heardHere, heardThrough, isMissing } from './heard.js';

/**
 * A consumer whose tables know less of a producer's messages than it had reported as heard: they are empty, or of a backup.
 * Or more than the producer has said: then the producer's are.
 */
export interface Rewound {
  consumer: string;
  producer: string;
  /** Up to which position it had heard everything, as the producer knows it. */
  heard: number;
  /** Up to which position its own tables say so. */
  here: number;
  /** The last position of the producer. */
  end: number;
}

/** Asks a producer, wherever it runs, what it knows of a consumer. @throws Unavailable when it does not answer */
export type AskProducer = (producer: string, names: readonly string[]) => Promise<Known>;

/** How soon a producer is asked again: milliseconds. */
const ASK_AGAIN_MS = 1000;

/**
 * Compares what both sides know. Also the other way round: where the tables of the producer are empty or of a backup, what it
 * says next would be missed, since the consumer has been farther than that.
 *
 * @returns `undefined` for a consumer that is new, is rebuildable or remembers
 *   everything, and for one of the producer itself
 * @throws Unavailable when the producer does not answer
 */
export async function rewoundOf(
  consumer: Consumer,
  producer: string,
  database: Database,
  ask: AskProducer,
): Promise<Rewound | undefined> {
  if (consumer.rebuildable || consumer.module === producer) return undefined;
  const names = namesOf(consumer);
  // In this order: meanwhile another replica may go on and report it.
  const known = await ask(producer, names);
  const here = await heardHere(database.pool, names, producer);
  const rewound = { consumer: consumer.name, producer, heard: heardThrough(known.heard ?? []), end: known.end };
  if (known.heard && isMissing(known.heard, here)) return { ...rewound, here: heardThrough(here) };
  const farthest = Math.max(0, ...here.map(({ position }) => position));
  if (farthest <= known.end) return undefined;
  const { end } = await ask(producer, names);
  return farthest > end ? { ...rewound, here: farthest, end } : undefined;
}

/** Under which a consumer may be known. */
export const namesOf = ({ name, declared, formerly }: Consumer): string[] => [
  ...new Set([name, declared, ...(formerly === undefined ? [] : [formerly])]),
];

/** What is told of a consumer that does not start, and how to go on. */
export function whyRewound({ consumer, producer, heard, here, end }: Rewound): string {
  if (here > end)
    return (
      `${consumer} has heard ${producer} up to ${here}, and ${producer} has come to ${end} only: its tables are empty, or of a backup. ` +
      `It does not start, since it would miss what ${producer} says next. Restore the tables of ${producer}; or go on: npm run ` +
      `deliveries -- accept ${consumer} --at ${end}, or at an earlier position that it is to hear ${producer} from`
    );
  return (
    `${consumer} had heard ${producer} up to ${heard}, and its tables say ${here}: they are empty, or of a backup. It does not start, ` +
    `since it would hear the rest again. Restore its tables; or go on: npm run deliveries -- accept ${consumer} --at ${heard}, ` +
    `or at the position that its tables stand for; or hear it again: npm run deliveries -- replay ${consumer} --from T`
  );
}

/**
 * Keeps a consumer from hearing again what it has heard, when its tables are empty or of a backup. Each producer is asked
 * when the consumer starts, and whenever a checkpoint went back.
 *
 * While any producer knows of more, the consumer does nothing. Of a producer that does not answer nothing is read before it
 * has, unless a checkpoint is there and the feed can be read without it, as from a broker.
 */
export class StartGuard {
  readonly #rewound = new Map<string, Rewound>();
  readonly #answered = new Set<string>();
  #asking: Promise<void> | undefined;
  #askedAt = 0;

  /** @param told hears once when it turns out that the consumer is not to start */
  constructor(
    private readonly consumer: Consumer,
    private readonly database: Database,
    private readonly ask: AskProducer,
    private readonly told: (rewound: Rewound) => void,
  ) {}

  get consumerName(): string {
    return this.consumer.name;
  }

  /** Why it does not start; empty while it may. */
  get rewound(): readonly Rewound[] {
    return [...this.#rewound.values()];
  }

  /** Whether what is put aside, and what falls due, may be worked on. */
  get isOpen(): boolean {
    const asked = this.consumer.sources.size === 0 || this.#askedAt > 0;
    return asked && this.#rewound.size === 0;
  }

  /** Whether the feed of `producer` may be read now. @param alone whether it can be read while its producer is away */
  async admits(producer: string, alone: boolean): Promise<boolean> {
    if (!this.#isSettled && Date.now() - this.#askedAt >= ASK_AGAIN_MS)
      await (this.#asking ??= this.#askAll().finally(() => (this.#asking = undefined)));
    if (this.#rewound.size > 0) return false;
    if (this.#answered.has(producer)) return true;
    return alone && (await heardHere(this.database.pool, namesOf(this.consumer), producer)).length > 0;
  }

  /** Its checkpoint went back, or is to be looked at again: it is not admitted before the producers were asked. */
  distrust(): void {
    this.#answered.clear();
    this.#askedAt = 0;
  }

  get #isSettled(): boolean {
    return this.#rewound.size === 0 && [...this.consumer.sources.keys()].every((each) => this.#answered.has(each));
  }

  async #askAll(): Promise<void> {
    await Promise.allSettled([...this.consumer.sources.keys()].map((producer) => this.#askOne(producer)));
    this.#askedAt = Date.now();
  }

  /** What was known of one that does not answer any more goes on to hold. */
  async #askOne(producer: string): Promise<void> {
    const rewound = await rewoundOf(this.consumer, producer, this.database, this.ask);
    this.#answered.add(producer);
    const known = this.#rewound.has(producer);
    if (!rewound) return void this.#rewound.delete(producer);
    this.#rewound.set(producer, rewound);
    if (!known) this.told(rewound);
  }
}
