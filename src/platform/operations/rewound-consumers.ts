import type { Rewound } from '../delivery/start-guard.js';
import { namesOf, rewoundOf } from '../delivery/start-guard.js';
import { findConsumer, place, rewoundIn } from '../delivery/replay.js';
import { Conflict, Invalid, NotFound } from '../messaging/errors.js';
import type { Runtime } from '../runtime.js';

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

/**
 * Has a consumer that does not start go on behind a position, although its tables do not remember what came before.
 *
 * @param at the position of the last message that is not to be heard again; 0 for none
 * @param producer where it does not start for several
 * @returns what was accepted
 * @throws NotFound; Conflict when it is not kept from starting; Invalid for a position or producer that cannot be meant;
 *   Unavailable when the producer does not answer
 */
export async function acceptRewound(runtime: Runtime, name: string, at: number, producer?: string): Promise<Rewound> {
  const consumer = findConsumer(runtime, name);
  const rewound = one(name, await rewoundIn(runtime, consumer), producer);
  if (at > rewound.end)
    throw new Invalid(
      'beyond_the_end',
      `${rewound.producer} has come to ${rewound.end}: --at ${at} would skip what it says next.`,
    );
  // The producer first: after a crash in between the consumer still does not start, or starts as it was told to.
  await runtime.knowLess(rewound.producer, namesOf(consumer), at);
  const start = { producer: rewound.producer, position: at };
  await place(runtime.database(consumer.module), consumer, [start], { exact: true, empty: false });
  return rewound;
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
