import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';
import { CounterRaised, CountingModule, failures, RaiseCounter, RaiseLater } from '../support/counting.js';

describe('delivery', () => {
  let scene: Scenario;
  let counter: string;
  let n = 0;

  beforeAll(async () => {
    scene = await scenario(CountingModule);
  });
  afterAll(() => scene.close());
  beforeEach(() => {
    counter = `c${++n}`;
    failures.clear();
  });

  const raise = (mood = 'calm') => scene.execute(new RaiseCounter({ counter, mood }));
  const heard = async () =>
    (await scene.sql<{ value: number }>('SELECT value FROM heard WHERE counter = $1 ORDER BY n', [counter])).map(
      (row) => row.value,
    );
  const parked = () =>
    scene.sql<{ state: string; attempts: number; errors: { error: string }[] }>(
      'SELECT state, attempts, errors FROM parked_message WHERE key = $1',
      [`counting/${counter}`],
    );
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

  it('hands every event to the subscriber, once and in order', async () => {
    await Promise.all(Array.from({ length: 50 }, () => raise()));
    await eventually(async () => (await heard()).length >= 50);
    expect(await heard()).toEqual(upTo(50));
  });

  it('says nothing of what was rolled back', async () => {
    await expect(raise('broken')).rejects.toMatchObject({ name: 'Unavailable', reason: 'fault' });
    await expect(raise('limited')).rejects.toMatchObject({ code: 'limit_reached', details: { limit: 1000 } });
    await expect(raise('vetoed')).rejects.toMatchObject({ reason: 'fault' });
    await raise();
    await eventually(async () => (await heard()).length >= 1);
    expect(await heard()).toEqual([1]);
  });

  it('retries a failing message, and undoes what the failed attempts wrote', async () => {
    failures.set('moody', 2);
    await raise('moody');
    await eventually(async () => (await heard()).length >= 1);
    expect(await heard()).toEqual([1]);
    await eventually(async () => (await parked()).length === 0);
  });

  it('makes later messages of the same key wait behind a failing one, and no others', async () => {
    failures.set('stubborn', 1000);
    await raise('stubborn');
    await eventually(async () => (await parked()).some((message) => message.state === 'dead'));
    await raise();
    const stuck = counter;
    counter = 'bystander';
    await raise();
    await eventually(async () => (await heard()).length === 1);
    counter = stuck;
    await eventually(async () => (await parked()).length === 2);
    expect(await heard()).toEqual([]);
    expect((await parked())[0]).toMatchObject({ state: 'dead', attempts: 3 });
    expect((await parked())[0]!.errors.map((failure) => failure.error)).toEqual(
      Array(3).fill('Error: heard is stubborn'),
    );
  });

  it('handles durable commands in the order they were sent', async () => {
    await scene.execute(new RaiseLater({ counter, times: 30 }));
    await eventually(async () => (await heard()).length >= 30);
    expect(await heard()).toEqual(upTo(30));
    expect((await scene.allPublished(CounterRaised)).filter((event) => event.counter === counter)).toHaveLength(30);
  });
});
