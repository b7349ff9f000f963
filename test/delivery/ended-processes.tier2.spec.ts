import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import pg from 'pg';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Asked, Asker, Called, Teller } from '../support/asking-modules.js';
import type { RunningProcess } from '../support/host-process.js';
import { runProcess } from '../support/host-process.js';
import { startReplica } from '../support/replica.js';

let data: TestDatabase;
let stored: pg.Client;
beforeAll(async () => {
  data = await testDatabase([Teller, Asker]);
  stored = new pg.Client({ connectionString: data.urls.get('teller')!, options: '-c search_path=teller' });
  await stored.connect();
}, 60_000);
afterAll(async () => {
  await stored.end();
  await data.drop();
});

/** The producer alone, for as long as it takes. */
async function publish(...events: object[]): Promise<void> {
  const producer = await startReplica(data, [Asker]);
  await producer.publish(...events);
  await producer.stop();
}

const run = (): RunningProcess =>
  runProcess(process.execPath, [resolve('dist/test/support/asking-process.js'), JSON.stringify([...data.urls])], {});
const told = async () => (await stored.query<{ key: string }>('SELECT key FROM told')).rows.map(({ key }) => key);
const charged = async (key: string) =>
  (
    await stored.query<{ attempts: number; errors: { error: string }[] }>(
      'SELECT attempts, errors FROM parked_message WHERE key = $1 AND attempts > 0',
      [`asker/${key}`],
    )
  ).rows[0];

/** Starts one process after the other, as an orchestrator does, until `look` sees it. @returns how many have ended */
async function untilSeen(look: () => Promise<unknown>, code: number): Promise<number> {
  for (let ended = 0; ; ended++) {
    if ((await look()) || ended === 10) return ended;
    expect(await run().stopped).toMatchObject({ code });
  }
}

describe('a message whose handler', () => {
  it.each([
    ['ends its process', 'exit', 9],
    ['throws where nobody catches it', 'throw', 1],
  ])(
    '%s is charged with that after a few times, and holds up no other key',
    async (_, how, code) => {
      await publish(
        ...[`${how} 0`, `${how} 1`].map((key) => new Asked({ key, how: key.endsWith('0') ? how : 'well' })),
      );
      expect(await untilSeen(() => charged(`${how} 0`), code)).toBeLessThanOrEqual(5);
      expect((await charged(`${how} 0`))!.errors[0]!.error).toMatch(/^Unfinished: 2 times a process began to handle/);
      expect(await untilSeen(async () => (await told()).includes(`${how} 1`), code)).toBeLessThanOrEqual(2);
      await stored.query('DELETE FROM parked_message');
    },
    60_000,
  );

  it('ends its process in an outside call is charged with that as well', async () => {
    await publish(new Called({ key: 'call', how: 'exit' }));
    expect(await untilSeen(() => charged('call'), 9)).toBeLessThanOrEqual(5);
    await stored.query('DELETE FROM parked_message');
  }, 60_000);

  it('leaves a rejected promise fails alone: its process goes on, and names it', async () => {
    const running = run();
    await eventually(() => running.output().includes('ready'), 'the process being ready', 30_000);
    await publish(new Asked({ key: 'stray', how: 'stray' }), new Asked({ key: 'beside', how: 'well' }));
    await eventually(async () => (await told()).includes('beside'), 'the other key', 30_000);
    const { errors } = await eventually(() => charged('stray'), 'the failure being noted');
    expect(errors[0]!.error).toMatch(/^StrayRejection: .* asker.asked.v1, message/);
    const line = running
      .output()
      .split('\n')
      .find((each) => each.includes('a promise was rejected that nobody awaits'))!;
    expect(JSON.parse(line)).toMatchObject({
      module: 'teller',
      type: 'asker.asked.v1',
      err: { message: 'nobody awaits this' },
    });
    running.kill('SIGKILL');
    await running.stopped;
  }, 60_000);
});
