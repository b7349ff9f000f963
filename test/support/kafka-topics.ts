import { Admin, Connection, Consumer, deleteRecordsV2, Producer } from '@platformatic/kafka';
import type { KafkaRecord } from '@platformatic/kafka';
import type { EventsOptions } from '../../src/platform/transport/events/event-transport.js';
import { SECRET } from './parts.js';

export const kafkaEvents = (url: string): EventsOptions => ({
  kind: 'kafka',
  brokers: [url],
  topicPrefix: 'liftout',
  secret: SECRET,
});

const optionsOf = (url: string) => ({ clientId: 'test', bootstrapBrokers: [url] });

/** Removes every record of a topic of one partition; where it ends stays as it is. */
export async function purgeTopic(url: string, topic: string): Promise<void> {
  const [host, port] = url.split(':') as [string, string];
  const connection = new Connection('test');
  await connection.connect(host, Number(port));
  const partitions = [{ partitionIndex: 0, offset: -1n }];
  await deleteRecordsV2.api.async(connection, [{ name: topic, partitions }], 5000);
  await connection.close();
}

export async function removeTopic(url: string, topic: string): Promise<void> {
  const admin = new Admin(optionsOf(url));
  await admin.deleteTopics({ topics: [topic] });
  await admin.close();
}

export async function makeTopic(url: string, topic: string, partitions: number): Promise<void> {
  const admin = new Admin(optionsOf(url));
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  await admin.close();
}

/** Everything that lies in a topic of one partition. */
export async function recordsIn(url: string, topic: string): Promise<KafkaRecord[]> {
  const consumer = new Consumer({ ...optionsOf(url), groupId: 'test' });
  const { topics } = await consumer.metadata({ topics: [topic] });
  const { id: topicId, partitions } = topics.get(topic)!;
  const offsetAt = async (timestamp: bigint) =>
    (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic)![0]!;
  const [first, end] = [await offsetAt(-2n), await offsetAt(-1n)];
  const records: KafkaRecord[] = [];
  for (let next = first; next < end;) {
    const request = {
      partition: 0,
      fetchOffset: next,
      partitionMaxBytes: 1024 ** 2,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    };
    const options = { node: partitions[0]!.leader, topics: [{ topicId, partitions: [request] }], maxWaitTime: 0 };
    const batches = (await consumer.fetch(options)).responses[0]!.partitions[0]!.records!;
    records.push(...batches.flatMap((batch) => batch.records));
    const last = batches.at(-1)!;
    next = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
  }
  await consumer.close();
  return records;
}

/** Copies old records to the end of a topic, each behind one that has another value and is not signed. */
export async function repeatTail(url: string, topic: string, count: number): Promise<void> {
  const tail = (await recordsIn(url, topic)).slice(-count);
  const producer = new Producer(optionsOf(url));
  const messages = tail.flatMap(({ key, value, headers }) => {
    const record = { topic, partition: 0, key, headers: new Map(headers) };
    return [
      { ...record, value: Buffer.from('{"forged":true}') },
      { ...record, value },
    ];
  });
  await producer.send({ messages });
  await producer.close();
}
