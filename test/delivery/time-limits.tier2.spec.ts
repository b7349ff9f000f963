import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Subscription } from '../../src/platform/index.js';
import { overdueHandlers } from '../../src/platform/messaging/context/time-limit.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Asked, Asker, Called, hanging, Noted, Tell, Teller } from '../support/asking-modules.js';
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

describe('an outside call that is never answered', () => {
  it('is given up at its limit; a person who retries or discards it is told the truth', async () => {
    const deliveries = new Deliveries(replica.runtime);
    const call = async () => (await parked()).find(({ key }) => key === 'asker/call');
    await replica.publish(new Called({ key: 'call', how: 'hang' }));
    await eventually(() => hanging.begun === 1, 'the call');
    const id = `teller:${(await call())!.id}`;
    await expect(deliveries.retry(id, { by: 'spec', reason: 'a test' })).rejects.toMatchObject({
      code: 'being_handled',
    });
    await expect(deliveries.discard(id, { by: 'spec', reason: 'no answer' })).rejects.toMatchObject({
      code: 'being_handled',
    });
    const dead = await eventually(async () => {
      const seen = await call();
      return seen?.state === 'dead' && seen;
    }, 'the dead letter');
    expect(dead.errors.map(({ error }) => error)).toEqual(
      Array(2).fill(expect.stringMatching(/did not end within 1500 ms/)),
    );
    expect(overdueHandlers('teller')).toBe(2);
    await deliveries.retry(id, { by: 'spec', reason: 'a test' });
    await eventually(() => hanging.begun === 3, 'another call');
    await eventually(
      () => deliveries.discard(id, { by: 'spec', reason: 'no answer' }).then(() => true),
      'it being discarded after the limit',
    );
    expect(await call()).toBeUndefined();
  });

  it('is refused whatever it does after that', async () => {
    await replica.publish(new Called({ key: 'late', how: 'hang' }));
    await eventually(() => overdueHandlers('teller') === 1, 'the limit');
    hanging.release();
    await eventually(() => hanging.attempts.length >= 4, 'its attempts');
    expect(hanging.attempts.slice(0, 4)).toEqual(Array(4).fill('HandlerTimeout'));
  });
});

describe('the limit of a subscription', () => {
  it('is below that of its session, which is raised for a longer one', async () => {
    await replica.execute(new Tell({ key: 'short ', how: 'session' }));
    await replica.publish(new Noted({ key: 'in-a-row long ', how: 'session' }));
    await eventually(async () => (await told()).includes('in-a-row long 2min'), 'the longer limit');
    expect(await told()).toContain('short 1min');
  });

  it.each([0, -1, 1.5, 3_600_001, NaN])('is refused when it is %s', (timeoutMs) => {
    expect(() => Subscription({ name: 'page', timeoutMs })).toThrow(
      '@Subscription page: timeoutMs has to be a whole number of milliseconds from 1 to 3600000',
    );
  });
});
