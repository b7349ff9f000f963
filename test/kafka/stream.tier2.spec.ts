import { startKafka } from '../support/kafka-broker.js';
import { kafkaEvents, purgeTopic, removeTopic, repeatTail } from '../support/kafka-topics.js';
import { needsKafka } from '../support/needs.js';
import { eventsThroughABroker } from '../support/through-a-broker.js';

const describe = needsKafka();
const TOPIC = 'liftout.counting';

eventsThroughABroker(describe, {
  kind: 'kafka',
  start: startKafka,
  events: kafkaEvents,
  purge: (url) => purgeTopic(url, TOPIC),
  remove: (url) => removeTopic(url, TOPIC),
  repeatTail: (url, count) => repeatTail(url, TOPIC, count),
});
