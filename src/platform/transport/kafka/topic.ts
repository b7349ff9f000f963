import type { Consumer, FetchOptions } from '@platformatic/kafka';
import type { LastLogged } from '../broker/broker-log.js';
import type { Envelope, Envelopes } from './envelope.js';
import { messageIn } from './envelope.js';
import { isKafkaError } from './kafka.js';
import type { Link } from './link.js';

const PARTITION = 0;
const EARLIEST = -2n;
const LATEST = -1n;

/** A message of ours, and its offset. */
export interface Placed extends Envelope {
  offset: number;
}

/** A part of a topic. */
interface Part {
  /** What is not signed by us is left out. */
  found: Placed[];
  /** The offset behind it. */
  next: number;
}

/** Reads the one partition of a topic, by offset. */
export class Topic {
  constructor(
    readonly name: string,
    private readonly link: Link<Consumer>,
    private readonly envelopes: Envelopes,
  ) {}

  /** The offset of the first message, and the one behind the last. */
  async bounds(): Promise<{ first: number; next: number }> {
    const [first, next] = await Promise.all([this.#offset(EARLIEST), this.#offset(LATEST)]);
    return { first, next };
  }

  /**
   * @param from the first offset that is wanted
   * @param bytes at most, but for one batch as it was written
   * @param waitMs for how long to wait for something, where there is nothing yet
   * @returns `undefined` when the topic does not reach there, any more or yet
   */
  async read(from: number, bytes: number, waitMs = 0): Promise<Part | undefined> {
    return await this.link.use(async (consumer) => {
      const { topics } = await consumer.metadata({ topics: [this.name] });
      const { id: topicId, partitions } = topics.get(this.name)!;
      const request = { partition: PARTITION, fetchOffset: BigInt(from), partitionMaxBytes: bytes, ...NO_EPOCH };
      const options: FetchOptions<Buffer, Buffer, Buffer, Buffer> = {
        node: partitions[PARTITION]!.leader,
        topics: [{ topicId, partitions: [request] }],
        maxBytes: bytes,
        minBytes: 1,
        maxWaitTime: waitMs,
      };
      try {
        return this.#partOf(await consumer.fetch(options), from);
      } catch (error) {
        if (isKafkaError(error, 'OFFSET_OUT_OF_RANGE')) return undefined;
        throw error;
      }
    });
  }

  /** What is not signed by us does not count, but has an offset. */
  async lastLogged(): Promise<LastLogged> {
    const { first, next } = await this.bounds();
    for (let from = next - 1; from >= first; from--) {
      const last = (await this.read(from, 1))?.found.findLast(({ offset }) => offset < next);
      if (last) return { seq: last.seq, id: messageIn(last).id, place: next };
    }
    return { seq: undefined, id: undefined, place: next };
  }

  #partOf({ responses }: Awaited<ReturnType<Consumer['fetch']>>, from: number): Part {
    const found: Placed[] = [];
    let next = from;
    for (const { firstOffset, lastOffsetDelta, records } of responses[0]?.partitions[0]?.records ?? []) {
      const first = Number(firstOffset);
      next = Math.max(next, first + lastOffsetDelta + 1);
      for (const { offsetDelta, headers, value } of records) {
        const offset = first + offsetDelta;
        const envelope = offset < from ? undefined : this.envelopes.open(this.name, { headers, value });
        if (envelope) found.push({ ...envelope, offset });
      }
    }
    return { found, next };
  }

  async #offset(timestamp: bigint): Promise<number> {
    const offsets = await this.link.use((consumer) => consumer.listOffsets({ topics: [this.name], timestamp }));
    return Number(offsets.get(this.name)![PARTITION]);
  }
}

const NO_EPOCH = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
