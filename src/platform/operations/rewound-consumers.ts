import type { Consumer } from '../delivery/consumer/consumer.js';
import type { Rewound } from '../delivery/checkpoint/start-guard.js';
import { namesOf, rewoundOf } from '../delivery/checkpoint/start-guard.js';
import { findConsumer, place, rewoundIn } from '../delivery/maintenance/replay.js';
import { Conflict, Invalid, NotFound } from '../messaging/errors.js';
import type { Runtime } from '../runtime/runtime.js';

/** The consumers that do not start, since their tables are empty or of a backup. Of a producer that does not answer it is not known. */
export async function rewoundConsumers(runtime: Runtime): Promise<Rewound[]> {
  const asked = runtime.consumers.flatMap((consumer) =>
    [...consumer.sources.keys()].map((producer) =>
      rewoundOf(consumer, producer, runtime.database(consumer.module), runtime.askProducer),
    ),
  );
  const answers = await Promise.allSettled(asked);
  return answers.flatMap((each) => (each.status === 'fulfilled' && each.value ? [each.value] : []));
}

/** Where a consumer may go on. */
type Stand = Pick<Rewound, 'consumer' | 'producer' | 'end'> & { kept?: number | undefined };

/**
 * Has a consumer go on behind a position: one that does not start, although its tables do not remember what came before; or
 * one that is rebuildable, whose read model holds what came before because it was filled from the producer's rows.
 *
 * @param at the position of the last message that is not to be heard again; 0 for none
 * @param producer where several can be meant
 * @returns what was accepted
 * @throws NotFound; Conflict when it is not kept from starting and not rebuildable, or what it asks for is no longer kept;
 *   Invalid for a position or producer that cannot be meant; Unavailable when the producer does not answer
 */
export async function acceptRewound(runtime: Runtime, name: string, at: number, producer?: string): Promise<Stand> {
  const consumer = findConsumer(runtime, name);
  const stand: Stand = consumer.rebuildable
    ? await standOf(runtime, consumer, producer)
    : one(name, await rewoundIn(runtime, consumer), producer);
  if (at > stand.end)
    throw new Invalid(
      'beyond_the_end',
      `${stand.producer} has come to ${stand.end}: --at ${at} would skip what it says next.`,
    );
  if (stand.kept !== undefined && at < stand.kept)
    throw new Conflict(
      'no_longer_kept',
      `${stand.producer} keeps what it said behind ${stand.kept} only: --at ${at} would miss what came before. Fill the read model again.`,
    );
  // The producer first: after a crash in between the consumer still does not start, or starts as it was told to.
  await runtime.knowLess(stand.producer, namesOf(consumer), at);
  const start = { producer: stand.producer, position: at };
  await place(runtime.database(consumer.module), consumer, [start], { exact: true, empty: false });
  return stand;
}

/** Where a rebuildable consumer stands; nothing keeps it from going on elsewhere. */
async function standOf(runtime: Runtime, consumer: Consumer, named: string | undefined): Promise<Stand> {
  const sources = [...consumer.sources.keys()].sort();
  const [producer = sources[0]!] = named === undefined ? [] : [named];
  if (!sources.includes(producer))
    throw new NotFound(
      'unknown_producer',
      `${consumer.name} hears nothing of ${producer}, but of ${sources.join(', ')}.`,
    );
  if (named === undefined && sources.length > 1)
    throw new Invalid('several_producers', `${consumer.name} hears ${sources.join(', ')}: add --producer NAME.`);
  return { consumer: consumer.name, producer, ...(await runtime.askProducer(producer, namesOf(consumer))) };
}

function one(name: string, all: readonly Rewound[], producer: string | undefined): Rewound {
  const [first, ...others] = all.filter((each) => producer === undefined || each.producer === producer);
  const known = all.map((each) => `${each.producer} (heard up to ${each.heard})`).join(', ');
  if (all.length === 0)
    throw new Conflict('not_rewound', `Nothing keeps ${name} from starting: there is nothing to accept.`);
  if (!first) throw new NotFound('not_rewound', `${name} does not wait because of ${producer!}, but of ${known}.`);
  if (others.length > 0)
    throw new Invalid('several_producers', `${name} waits because of ${known}: add --producer NAME.`);
  return first;
}
