import { beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { Broker } from '../../src/tools/rehearse/broker.js';
import { doesNotHearAgain, hearingParts, hearsWhatWasPassed, readersOf } from '../support/hearing-parts.js';
import { startBroker } from '../support/nats-server.js';
import { needs } from '../support/needs.js';
import { SECRET } from '../support/parts.js';

const describe = needs('nats-server');

describe('a subscription that gains a type and is renamed, through JetStream', () => {
  let broker: Broker;
  beforeEach(async () => void (broker = await startBroker()), 60_000);

  it('hears what its older version has passed, once, and the producer keeps it for the new name', async () => {
    const parts = await hearingParts(() => ({ kind: 'nats', url: broker.url, secret: SECRET }));
    const [speaker, newer] = await hearsWhatWasPassed(parts);
    await eventually(
      async () => (await readersOf(speaker)).join() === 'listener.ears',
      'the speaker being told',
      60_000,
    );
    expect(speaker.lines.filter(({ level }) => level >= 50)).toEqual([]);
    await Promise.all([newer.stop(), speaker.stop()]);
  }, 120_000);

  it('does not hear again what it has heard when its tables are lost', async () => {
    await doesNotHearAgain(await hearingParts(() => ({ kind: 'nats', url: broker.url, secret: SECRET })));
  }, 120_000);
});
