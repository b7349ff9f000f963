import { startBroker } from '../support/nats-server.js';
import { needs } from '../support/needs.js';
import { SECRET } from '../support/parts.js';
import { versionsThroughABroker } from '../support/versions-through-a-broker.js';

const describe = needs('nats-server');

versionsThroughABroker(describe, startBroker, (url) => ({ kind: 'nats', url, secret: SECRET }));
