import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import { RaiseCounter } from '../support/counting.js';
import type { Tool } from '../support/moving.js';
import { allHeard, following, Load, Moving, said } from '../support/moving.js';
import { needs } from '../support/needs.js';

const describe = needs('pg_basebackup');

describe('a module whose data moves from PostgreSQL of this machine to the embedded one', () => {
  let moving: Moving;
  let tool: Tool;
  beforeAll(async () => {
    moving = await Moving.begin();
    tool = await moving.open();
  }, 120_000);
  afterAll(() => tool.close());

  it('is refused while a process does not know the target; the source stays in charge, and abort leaves nothing', async () => {
    const { cutover, source, target } = tool;
    const replica = await moving.replica(moving.logins[0]);
    expect((await cutover.plan()).warnings.join()).toContain(`does not know ${target.place} yet: liftout:counting`);
    await cutover.prepare();
    await following(cutover);
    await expect(cutover.switch()).rejects.toThrow(`These processes do not know ${target.place}`);
    await expect(cutover.finish()).rejects.toThrow(`${source.place} is in charge: switch first, or abort.`);
    await expect(cutover.back()).rejects.toThrow('There was no switch yet');
    await replica.execute(new RaiseCounter({ counter: 'refused' }));
    await cutover.abort();
    await cutover.abort();
    expect(await cutover.status()).toMatchObject({ step: 'none', frozen: false, slots: [] });
    expect(await target.hasSchema()).toBe(false);
    await expect(cutover.switch()).rejects.toThrow('No cut-over is under way');
    await replica.stop();
  }, 120_000);

  it('is not begun where something would stop it, which is named', async () => {
    const { cutover, source, target } = tool;
    await target.client.query('CREATE SCHEMA counting');
    await source.client.query('CREATE UNLOGGED TABLE counting.scratch (id int)');
    expect((await cutover.plan()).problems).toEqual([
      `${target.place} already has a schema counting: drop or rename it there, or name another database.`,
      'counting.scratch is unlogged: that cannot be replicated. Change it by a migration first.',
    ]);
    await expect(cutover.prepare()).rejects.toThrow('already has a schema');
    await target.client.query('DROP SCHEMA counting');
    await source.client.query('ALTER TABLE counting.scratch SET LOGGED');
    await expect(cutover.prepare()).rejects.toThrow('not those that the migrations make: scratch.id integer');
    await cutover.abort();
    await source.client.query('DROP TABLE counting.scratch');
    expect(await cutover.status()).toMatchObject({ step: 'none', frozen: false, slots: [] });
  }, 60_000);

  it('moves there, back and there again under load: nothing is lost or doubled, and nobody is refused', async () => {
    const { cutover, source, target } = tool;
    const replica = await moving.replica();
    const before = await said(source);
    const load = new Load(replica);
    await load.more(100);
    await cutover.prepare();
    await cutover.prepare();
    for (const [step, side] of [
      ['switch', target],
      ['back', source],
      ['switch', target],
    ] as const) {
      await following(cutover);
      // As a switch leaves it that was killed just before it was decided.
      const [flow, receiver] = step === 'back' ? (['back', source] as const) : (['out', target] as const);
      await receiver.client.query(`ALTER SUBSCRIPTION liftout_cutover_counting_${flow} DISABLE`);
      expect((await cutover[step]()).report).toMatch(/^Proven by the snapshot of the switch: \d+ tables, /);
      await load.more(50);
      expect(await cutover.status()).toMatchObject({ inCharge: side.place, frozen: false });
    }
    await load.end();
    expect((await said(target)) - before).toBe(load.answered);
    await eventually(() => allHeard(target), 'everything being heard once', 60_000);
    expect(await cutover.finish()).toContain('DROP SCHEMA "counting_moved" CASCADE');
    expect(await cutover.status()).toMatchObject({ step: 'none', slots: [] });
    await replica.execute(new RaiseCounter({ counter: 'after' }));
    await replica.stop();
  }, 240_000);
});
