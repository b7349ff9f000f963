import { startKafka } from '../support/kafka-broker.js';
import { needsKafka } from '../support/needs.js';
import { shopThroughABroker } from '../support/shop-through-a-broker.js';

const describe = needsKafka();

shopThroughABroker(describe, () => startKafka());
