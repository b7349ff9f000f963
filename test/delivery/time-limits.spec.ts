import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { overdueHandlers } from '../../src/platform/messaging/time-limit.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Asked, Asker, hanging, Tell, Teller } from '../support/asking-modules.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

let data: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  data = await testDatabase([Teller, Asker]);
  replica = await startReplica(data, [Teller, Asker], {}, undefined, { handlerTimeoutMs: 300 });
}, 60_000);
afterAll(async () => {
  hanging.release();
  await replica.stop();
  await data.drop();
});
afterEach(async () => {
  hanging.release();
  await eventually(() => overdueHandlers('teller') === 0, 'the handlers that were given up having returned');
  hanging.attempts.length = hanging.begun = 0;
});

const told = async () => (await replica.sql<{ key: string }>('teller', 'SELECT key FROM told')).map(({ key }) => key);
interface Parked {
  id: string;
  key: string;
  state: string;
  attempts: number;
  errors: { error: string }[];
}
const parked = () => replica.sql<Parked>('teller', 'SELECT id::text, key, state, attempts, errors FROM parked_message');
/** Sessions of the module that hold a transaction open for longer than anything here takes. */
const stuck = async () =>
  (
    await replica.sql(
      'teller',
      `SELECT 1 FROM pg_stat_activity
     WHERE usename = current_user AND pid <> pg_backend_pid() AND xact_start < now() - interval '200 ms'`,
    )
  ).length;

describe('a command whose handler', () => {
  it('hangs is answered at the limit; its transaction is undone and whatever it still does is refused', async () => {
    await expect(replica.execute(new Tell({ key: 'hung', how: 'hang' }))).rejects.toMatchObject({ reason: 'timeout' });
    await eventually(async () => (await stuck()) === 0, 'its transaction having ended');
    expect(overdueHandlers('teller')).toBe(1);
    hanging.release();
    await eventually(() => hanging.attempts.length === 4, 'its attempts');
    expect(hanging.attempts).toEqual(Array(4).fill('HandlerTimeout'));
    expect(await told()).not.toContain('hung');
  });

  it('waits for a statement without an end has that ended as well', async () => {
    await expect(replica.execute(new Tell({ key: 'locked', how: 'lock' }))).rejects.toThrow(
      'did not end within 300 ms',
    );
    await eventually(async () => (await stuck()) === 0, 'its session having ended');
    expect(await told()).not.toContain('locked');
  });
});

describe.each([
  ['hangs', 'hang', /HandlerTimeout: A handler of teller did not end within 300 ms/],
  ['waits for a statement without an end', 'lock', /HandlerTimeout: A handler of teller did not end within 300 ms/],
  ['ends its own connection', 'killed', /terminating connection|Connection terminated/],
])('an event whose handler %s', (_, how, error) => {
  it('is charged with that, becomes a dead letter, and holds up no other key', async () => {
    const [bad, good] = [`${how} bad`, [`${how} before`, `${how} after`]];
    const { length } = await parked();
    await replica.publish(
      new Asked({ key: good[0]!, how: 'well' }),
      new Asked({ key: bad, how }),
      new Asked({ key: good[1]!, how: 'well' }),
    );
    const dead = await eventually(async () => {
      const all = await parked();
      return all.length === length + 1 && all.find(({ key, state }) => key === `asker/${bad}` && state === 'dead');
    }, 'the dead letter');
    expect(dead).toMatchObject({
      attempts: 2,
      errors: [{ error: expect.stringMatching(error) }, { error: expect.stringMatching(error) }],
    });
    expect(await told()).toEqual(expect.arrayContaining(good));
    expect((await told()).filter((key) => good.includes(key))).toHaveLength(2);
    expect(await told()).not.toContain(bad);
  });
});
