import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, eventually } from '../../src/platform/testing/index.js';
import { RaiseCounter } from '../support/counting.js';
import { OwnServer } from '../support/evidence/server.js';
import { allHeard, following, Moving } from '../support/moving.js';

const LATE = 20;

describe('a target that crashes when the switch was just decided', () => {
  const servers: OwnServer[] = [];
  beforeAll(async () => {
    servers.push(await OwnServer.start(), await OwnServer.start());
  }, 120_000);
  afterAll(async () => {
    for (const server of servers) await server.remove();
  }, 60_000);

  it('gives nothing back that had come from the source, which would be there twice', async () => {
    const [from, to] = [await createDatabase(servers[0]!.adminUrl), await createDatabase(servers[1]!.adminUrl)];
    const moving = await Moving.between(from, to);
    const replica = await moving.replica();
    const first = await moving.open();
    await first.cutover.prepare();
    await following(first.cutover);
    const { source, target } = first;
    // Some of it is carried when the slot of the way back is there already.
    const freeze = source.freeze.bind(source);
    source.freeze = async () => {
      for (let n = 0; n < LATE; n++) await replica.execute(new RaiseCounter({ counter: 'late' }), `late-${n}`);
      await eventually(() => allHeard(source), 'everything being heard');
      await freeze();
    };
    // The second connection holds the snapshot that is compared: then it is decided, and the way back is not begun.
    const again = target.again.bind(target);
    target.again = async () => {
      const client = await again();
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      client.query = (async (text: unknown, ...rest: unknown[]) => {
        if (!/^(BEGIN|SELECT 1)/.test(String(text))) await (crashed ??= servers[1]!.crash());
        return await query(text, ...rest);
      }) as never;
      return client;
    };
    let crashed: Promise<void> | undefined;
    await expect(first.cutover.switch()).rejects.toThrow();
    expect(crashed).toBeDefined();
    await first.close().catch(() => undefined);

    const { cutover, close, ...sides } = await moving.open();
    expect((await cutover.switch()).report).toMatch(/^Proven/);
    await replica.execute(new RaiseCounter({ counter: 'late' }), 'last');
    await eventually(() => allHeard(sides.target), 'everything being heard', 60_000);
    expect((await cutover.back()).report).toMatch(/^Proven/);
    await eventually(() => allHeard(sides.source), 'everything being heard once', 60_000);
    expect((await cutover.status()).failures ?? 0).toBe(0);
    await cutover.abort();
    await replica.stop();
    await close();
  }, 180_000);

  it('is told where nothing comes back any more, rather than waited for', async () => {
    const [from, to] = [await createDatabase(servers[0]!.adminUrl), await createDatabase(servers[1]!.adminUrl)];
    const moving = await Moving.between(from, to);
    const replica = await moving.replica();
    const { cutover, source, target, close } = await moving.open();
    await cutover.prepare();
    await following(cutover);
    await cutover.switch();
    const told = () => source.value<boolean>('SELECT report IS NOT NULL FROM counting.cutover_state');
    await eventually(told, 'the report having come to the source');
    // Somebody with the right to has written at the former side.
    await source.client.query(`INSERT INTO counting.counter VALUES ('clash', 7)`);
    await replica.execute(new RaiseCounter({ counter: 'clash' }));
    for (const { client } of [source, target]) await client.query('UPDATE counting.cutover_state SET report = NULL');
    await expect(cutover.switch()).rejects.toThrow(
      `${target.place} is in charge. The switch is not proven: what it writes does not come to ${source.place}, status says why. Repeat the step.`,
    );
    expect((await cutover.status()).problems.join()).toContain(`${source.place} has failed to take what comes from`);
    await source.client.query(`DELETE FROM counting.counter WHERE name = 'clash'`);
    expect((await cutover.switch()).report).toMatch(/^Proven after the switch/);
    await replica.stop();
    await close();
  }, 180_000);
});
