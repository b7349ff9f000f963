import { beforeAll, describe, expect, it } from '@jest/globals';
import { cutoverFigures } from '../../src/platform/operations/cutover-figures.js';
import { heldMsOf } from '../../src/platform/connection/servers.js';
import { following, Moving } from '../support/moving.js';
import { emptyDatabase, otherServer } from '../support/stage.js';

describe('the numbers of a module whose data moves', () => {
  let moving: Moving;
  beforeAll(async () => void (moving = await Moving.between(await emptyDatabase(), await otherServer())), 120_000);

  it('say how far it is, what was not carried yet, how long writes were held, and which slot was left behind', async () => {
    const { cutover, source, close } = await moving.open();
    const replica = await moving.replica();
    const look = async () => (await cutoverFigures(replica.runtime.database('counting')))[0]!;
    const slot = (direction: string) => ({ module: 'counting', slot: `liftout_cutover_counting_${direction}` });
    expect(await look()).toEqual({ slots: [] });
    expect(heldMsOf(moving.logins.join(' '))).toBe(0);
    expect(heldMsOf(moving.logins[0])).toBeUndefined();
    await cutover.prepare();
    await following(cutover);
    const prepared = await look();
    expect(prepared).toMatchObject({ step: { module: 'counting', step: 'prepared' }, slots: [slot('out')] });
    expect(prepared.slots[0]!.lagBytes).toBeGreaterThanOrEqual(0);
    const { pauseMs } = await cutover.switch();
    expect(await look()).toMatchObject({ step: { step: 'switched' }, slots: [slot('back')] });
    expect(heldMsOf(moving.logins.join(' '))).toBeLessThan(pauseMs + 1000);
    await following(cutover);
    await cutover.back();
    expect(await look()).toMatchObject({ step: { step: 'returned' }, slots: [slot('out')] });
    await cutover.abort();
    await source.rows(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot('out').slot]);
    expect(await look()).toMatchObject({ slots: [slot('out')] });
    expect(await cutover.status()).toMatchObject({
      step: 'none',
      problems: [expect.stringContaining('Nothing is under way, and these slots keep the log of their servers')],
    });
    await cutover.abort();
    expect(await look()).toEqual({ slots: [] });
    await replica.stop();
    await close();
  }, 120_000);
});
