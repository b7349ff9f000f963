import { startBroker } from '../support/nats-server.js';
import { needs } from '../support/needs.js';
import { shopThroughABroker } from '../support/shop-through-a-broker.js';

const describe = needs('nats-server');

shopThroughABroker(describe, startBroker);
