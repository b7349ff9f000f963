import { startKafka } from '../support/kafka-broker.js';
import { kafkaEvents } from '../support/kafka-topics.js';
import { needsKafka } from '../support/needs.js';
import { versionsThroughABroker } from '../support/versions-through-a-broker.js';

const describe = needsKafka();

versionsThroughABroker(describe, () => startKafka(), kafkaEvents);
