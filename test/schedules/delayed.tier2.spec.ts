import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../src/platform/testing/index.js';
import { scenario } from '../../src/platform/testing/index.js';
import { chores, locked, Promised } from '../support/chores.js';

let scene: Scenario;
beforeAll(async () => {
  scene = await scenario(chores());
}, 60_000);
afterAll(() => scene.close());

const promise = (payload: ConstructorParameters<typeof Promised>[0]) => scene.execute(new Promised(payload));
const swept = async () =>
  (await scene.sql<{ room: string }>('SELECT room FROM swept ORDER BY at, room')).map(({ room }) => room);
const stored = () =>
  scene.sql<{ room: string }>(`SELECT payload->>'room' AS room FROM delayed_command ORDER BY due_at`);
const soon = (room: string) => scene.until(async () => (await swept()).includes(room), `${room} being swept`);

describe('a command that is sent for later', () => {
  it('waits until it is due, by the clock of the database server', async () => {
    await promise({ room: 'attic', after: '3 days' });
    expect(await stored()).toEqual([{ room: 'attic' }]);
    await scene.passTime('71 hours');
    expect([await swept(), await stored()]).toEqual([[], [{ room: 'attic' }]]);
    await scene.passTime('1 hour');
    await soon('attic');
    expect(await stored()).toEqual([]);
  });

  it('may be sent at a moment; one that has passed is now', async () => {
    const [row] = await scene.sql<{ at: Date }>(`SELECT now() + clock_offset() + interval '1 hour' AS at`);
    await promise({ room: 'at an hour', at: row!.at.toISOString() });
    await promise({ room: 'long ago', at: '2020-01-01T00:00:00Z' });
    await soon('long ago');
    expect(await swept()).not.toContain('at an hour');
    await scene.passTime('1 hour');
    await soon('at an hour');
  });

  it('keeps the trace and the actor of whoever has sent it', async () => {
    const actor = { sub: 'alice', role: 'customer' };
    await scene.execute(new Promised({ room: 'hers', after: '1 day' }), actor);
    const [stored] = await scene.sql<{ headers: object }>('SELECT headers FROM delayed_command');
    await scene.passTime('1 day');
    await soon('hers');
    const [sent] = await scene.sql<{ headers: object }>(`SELECT headers FROM outbox WHERE payload->>'room' = 'hers'`);
    expect(sent).toEqual(stored);
    expect(sent!.headers).toMatchObject({ actor, traceparent: expect.stringMatching(/^00-/) });
  });

  it('is not stored where its transaction fails', async () => {
    await expect(promise({ room: 'never', after: '1 hour', breaks: true })).rejects.toThrow();
    expect(await stored()).toEqual([]);
  });

  it('goes in the order in which they are due, and is retried as any other', async () => {
    locked.add('second');
    for (const [room, after] of [
      ['third', '3 hours'],
      ['second', '2 hours'],
      ['first', '1 hour'],
    ] as const)
      await promise({ room, after });
    await scene.passTime('1 day');
    await soon('third');
    await soon('first');
    await scene.until(async () => (await scene.sql('SELECT FROM parked_message')).length === 1, 'the one that waits');
    locked.clear();
    await soon('second');
    const sent = await scene.sql(
      `SELECT payload->>'room' AS room FROM outbox WHERE aggregatetype = 'chores.commands' ORDER BY seq DESC LIMIT 3`,
    );
    expect(sent).toEqual([{ room: 'third' }, { room: 'second' }, { room: 'first' }]);
  });

  it.each([
    [
      { after: '3 moons' },
      /sent with an "after" that is no time: "3 moons" is no length of time: expected a whole number and a unit/,
    ],
    [{ at: 'tomorrow' }, /sent with an "at" that is no time: give it a Date\./],
    [{ at: '2030-01-01T00:00:00Z', after: '1 day' }, /sent with both after and at: give it one of them\./],
  ])('is refused with %j', async (options, message) => {
    await expect(promise({ room: 'odd', ...options })).rejects.toMatchObject({
      code: 'LIFTOUT_SEND_TIME_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

describe('time that passes in a scene', () => {
  it('stops wherever something is due: each night is a night', async () => {
    const nights = await scenario(chores({ name: 'nightly', cron: '30 2 * * *', timezone: 'Europe/Berlin' }));
    try {
      await nights.passTime('7 days');
      await nights.until(async () => (await nights.sql('SELECT FROM swept')).length === 7, 'seven nights');
      await expect(nights.passTime('a while' as '1 day')).rejects.toThrow('"a while" is no length of time');
    } finally {
      await nights.close();
    }
  });

  it('refuses more moments than anybody wants to wait for', async () => {
    const seconds = await scenario(chores({ name: 'ever', every: '1 second' }), { patienceMs: 60_000 });
    try {
      await expect(seconds.passTime('1 hour')).rejects.toThrow(
        'More than 400 moments are due: let less time pass at once.',
      );
    } finally {
      await seconds.close();
    }
  });
});
