import type { describe as Describe } from '@jest/globals';
import { beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { EventsOptions } from '../../src/platform/transport/events/event-transport.js';
import { doesNotHearAgain, hearingParts, hearsWhatWasPassed, readersOf } from './hearing-parts.js';

/** What holds for a subscription of two versions, whichever broker carries its events. */
export function versionsThroughABroker<B extends { url: string }>(
  describe: typeof Describe | typeof Describe.skip,
  start: () => Promise<B>,
  events: (url: string) => EventsOptions,
): void {
  describe('a subscription that gains a type and is renamed, through a broker', () => {
    let broker: B;
    beforeEach(async () => void (broker = await start()), 60_000);

    it('hears what its older version has passed, once, and the producer keeps it for the new name', async () => {
      const parts = await hearingParts(() => events(broker.url));
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
      await doesNotHearAgain(await hearingParts(() => events(broker.url)));
    }, 120_000);
  });
}
