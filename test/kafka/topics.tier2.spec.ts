import { expect, it } from '@jest/globals';
import { Kafka } from '../../src/platform/transport/kafka/kafka.js';
import { startKafka } from '../support/kafka-broker.js';
import { recordsIn } from '../support/kafka-topics.js';
import { needsKafka } from '../support/needs.js';
import { SECRET } from '../support/parts.js';

const describe = needsKafka();

describe('The topics of several modules', () => {
  it('are all made when they are made at the same time', async () => {
    const { url } = await startKafka();
    const kafka = new Kafka({ brokers: [url], topicPrefix: 'many', secret: SECRET });
    const modules = ['one', 'two', 'three'];
    await Promise.all(modules.map((module) => kafka.ensureTopic(module)));
    for (const module of modules) expect(await recordsIn(url, kafka.topicOf(module))).toEqual([]);
    kafka.close();
  }, 60_000);
});
