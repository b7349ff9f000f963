import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import pg from 'pg';
import { listActions } from '../../src/platform/operations/actions.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import { Schedules } from '../../src/platform/operations/schedules.js';
import type { ScheduledOptions } from '../../src/platform/schedules/scheduled.js';
import { turnClock } from '../../src/platform/testing/clock.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { wiringProblems } from '../../src/platform/testing/wiring.js';
import { busy, chores, locked, strangers } from '../support/chores.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

const nightly = { name: 'nightly', cron: '30 2 * * *', timezone: 'Europe/Berlin' } satisfies ScheduledOptions;

let data: TestDatabase;
let pool: pg.Pool;
let replicas: Replica[];
beforeEach(async () => {
  data = await testDatabase([chores()]);
  pool = new pg.Pool({ connectionString: data.urls.get('chores')!, options: '-c search_path=chores' });
  replicas = [];
}, 60_000);
afterEach(async () => {
  await stopAll();
  await pool.end();
  await data.drop();
  locked.clear();
  busy.clear();
});

const start = async (module: Type) => void replicas.push(await startReplica(data, [module]));
const stopAll = async () => void (await Promise.all(replicas.splice(0).map((replica) => replica.stop())));
const sql = async <T extends object>(text: string, ...values: unknown[]) => (await pool.query<T>(text, values)).rows;
const clockTo = async (time: string) => {
  const [row] = await sql<{ ms: number }>(
    `SELECT extract(epoch FROM $1::timestamptz - now() - clock_offset())::float8 * 1000 AS ms`,
    time,
  );
  await turnClock(pool, row!.ms);
};
const swept = async () =>
  (
    await sql<{ at: string }>(
      `SELECT to_char(at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS at FROM swept ORDER BY swept.at`,
    )
  ).map(({ at }) => at);
const planned = async (name = 'nightly') =>
  (
    await sql<{ plan: string; due: string; owed: boolean }>(
      `SELECT plan, owed, to_char(due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS due FROM schedule WHERE name = $1`,
      name,
    )
  )[0];
const due = (time: string, name = 'nightly') =>
  eventually(async () => (await planned(name))?.due === time, `${name} being due at ${time}`);
const sweptAt = (...times: string[]) =>
  eventually(async () => JSON.stringify(await swept()) === JSON.stringify(times), `being swept at ${times.join()}`);

describe('a nightly schedule', () => {
  it.each([
    ['forward', ['03-28T01:30', '03-29T01:00', '03-30T00:30', '03-31T00:30']],
    ['back', ['10-24T00:30', '10-25T00:30', '10-26T01:30', '10-27T01:30']],
  ])('runs once a night, while clocks are put %s, with two replicas', async (_, nights) => {
    await clockTo(`2026-${nights[0]!.slice(0, 5)}T00:00Z`);
    await start(chores(nightly));
    await start(chores(nightly));
    const expected: string[] = [];
    for (const night of nights) {
      await due(night.replace('T', ' '));
      await clockTo(`2026-${night}Z`);
      expected.push(night.replace('T', ' '));
      await sweptAt(...expected);
    }
    expect(await sql('SELECT FROM outbox')).toHaveLength(nights.length);
  });

  it('makes up for what was missed while nothing ran by one run, or by none', async () => {
    const modules = () => chores(nightly, { ...nightly, name: 'forgetful', catchUp: 'none' });
    await clockTo('2026-06-01T12:00Z');
    await start(modules());
    await due('06-02 00:30', 'forgetful');
    await stopAll();
    await clockTo('2026-06-04T12:00Z');
    await start(modules());
    await due('06-05 00:30');
    await due('06-05 00:30', 'forgetful');
    await sweptAt('06-04 12:00');
    expect(await sql('SELECT FROM outbox')).toHaveLength(1);
  });

  it('never runs beside itself: what is due meanwhile is missed', async () => {
    let end = () => {};
    busy.set('hall', new Promise((resolve) => (end = resolve)));
    await clockTo('2026-06-02T00:30Z');
    await start(
      chores(
        { ...nightly, cron: '@hourly' },
        { ...nightly, name: 'forgetful', cron: '@hourly', catchUp: 'none', payload: { room: 'hall' } },
      ),
    );
    await due('06-02 01:00');
    await clockTo('2026-06-02T01:00Z');
    await due('06-02 02:00');
    await due('06-02 02:00', 'forgetful');
    for (const hour of [2, 3, 4]) {
      await clockTo(`2026-06-02T0${hour}:00Z`);
      await due(`06-02 0${hour + 1}:00`);
      await due(`06-02 0${hour + 1}:00`, 'forgetful');
    }
    expect(await planned()).toMatchObject({ owed: true });
    expect(await planned('forgetful')).toMatchObject({ owed: false });
    expect(await sql('SELECT FROM outbox')).toHaveLength(2);
    end();
    await eventually(async () => (await swept()).length === 3, 'two runs and one that makes up');
    expect(await planned()).toMatchObject({ owed: false, due: '06-02 05:00' });
  });

  it('has a failed run retried as any message, and goes on when that is given up', async () => {
    locked.add('hall');
    await clockTo('2026-06-02T00:00Z');
    await start(chores(nightly));
    await due('06-02 00:30');
    await clockTo('2026-06-02T00:30Z');
    const deliveries = () => new Deliveries(replicas[0]!.runtime);
    const [parked] = await eventually(async () => {
      const { items } = await deliveries().list(10);
      return items.length > 0 && items;
    }, 'the failed run');
    expect(parked).toMatchObject({ consumer: 'chores.commands', type: 'chores.sweep.v1', state: 'waiting' });
    await clockTo('2026-06-03T00:30Z');
    await due('06-04 00:30');
    expect(await planned()).toMatchObject({ owed: true });
    expect(await sql('SELECT FROM outbox')).toHaveLength(1);
    await sql(`UPDATE parked_message SET attempts = 19, due_at = now()`);
    await deliveries().retryAll({}, { by: 'spec', reason: 'a test' });
    await sql(`UPDATE parked_message SET attempts = 19, due_at = now()`);
    await eventually(
      async () => (await sql(`SELECT FROM parked_message WHERE state = 'dead'`)).length > 0,
      'the dead letter',
    );
    await eventually(async () => (await sql(`SELECT FROM outbox`)).length === 2, 'the next run');
    locked.clear();
    await sweptAt('06-03 00:30');
    expect(await sql(`SELECT key FROM parked_message`)).toEqual([{ key: 'chores/nightly/2026-06-02T00:30:00.000Z' }]);
  });
});

describe('a schedule that a person acts on', () => {
  const WHY = { by: 'alice', reason: 'a test' };
  const all = () => new Schedules(replicas[0]!.runtime);

  it('does not run while it is paused, whatever version starts; resumed, it makes up for nothing', async () => {
    await clockTo('2026-06-02T00:00Z');
    await start(chores(nightly));
    await due('06-02 00:30');
    await all().pause('chores:nightly', WHY);
    await expect(all().pause('chores:nightly', WHY)).rejects.toMatchObject({ code: 'paused' });
    expect(await all().list()).toMatchObject([{ id: 'chores:nightly', nextRun: null, running: false, owed: false }]);
    await stopAll();
    await clockTo('2026-06-03T12:00Z');
    await start(chores({ ...nightly, cron: '45 2 * * *' }));
    await eventually(async () => (await planned())?.plan.startsWith('cron 45 2') === true, 'the new plan being noted');
    expect(await all().list()).toMatchObject([{ nextRun: null, overdueS: 0 }]);
    await all().resume('chores:nightly', WHY);
    await expect(all().resume('chores:nightly', WHY)).rejects.toMatchObject({ code: 'not_paused' });
    await due('06-04 00:45');
    await clockTo('2026-06-04T00:45Z');
    await sweptAt('06-04 00:45');
    const kept = (await listActions(replicas[0]!.runtime, 10)).map(({ by, action, what }) => [by, action, what]);
    expect(kept).toEqual(['resume', 'pause'].map((action) => ['alice', action, 'chores:nightly']));
  });

  it('runs at once beside its plan, also while it is paused, and never beside itself', async () => {
    locked.add('hall');
    await clockTo('2026-06-02T00:00Z');
    await start(chores(nightly));
    await due('06-02 00:30');
    await all().run('chores:nightly', WHY);
    await expect(all().run('chores:nightly', WHY)).rejects.toMatchObject({ code: 'already_running' });
    const deliveries = new Deliveries(replicas[0]!.runtime);
    await eventually(async () => (await deliveries.list(1)).total === 1, 'the failed run');
    locked.clear();
    await deliveries.retryAll({}, WHY);
    await sweptAt('06-02 00:00');
    expect(await planned()).toMatchObject({ due: '06-02 00:30', owed: false });
    await all().pause('chores:nightly', WHY);
    await clockTo('2026-06-02T00:40Z');
    await all().run('chores:nightly', WHY);
    await sweptAt('06-02 00:00', '06-02 00:40');
    expect(await all().list()).toMatchObject([{ nextRun: null }]);
  });

  it('has to exist, and to be known to this version', async () => {
    await start(chores(nightly));
    await eventually(() => planned());
    await sql(`INSERT INTO schedule (name, plan, due_at) VALUES ('gone', 'every 1h', now())`);
    for (const act of ['run', 'pause', 'resume'] as const) {
      await expect(all()[act]('chores:gone', WHY)).rejects.toMatchObject({ code: 'not_known_here' });
      for (const id of ['chores:nobody', 'nobody:nightly', 'chores', ''])
        await expect(all()[act](id, WHY)).rejects.toMatchObject({ code: 'unknown_schedule' });
    }
  });
});

describe('a schedule whose time has changed', () => {
  it('is due by the new one from the start of the new version on, and an old one leaves it alone', async () => {
    await clockTo('2026-06-01T12:00Z');
    await start(chores(nightly));
    await due('06-02 00:30');
    await start(chores({ ...nightly, cron: '30 4 * * *' }));
    await due('06-02 02:30');
    await replicas[1]!.stop();
    replicas.pop();
    await clockTo('2026-06-02T02:30Z');
    // Nobody who knows the new time is left: what is due by it is not lost, and the old time holds again.
    expect(await planned()).toMatchObject({ due: '06-02 02:30', plan: 'cron 30 4 * * * Europe/Berlin' });
    await clockTo('2026-06-02T02:31:01Z');
    await due('06-03 00:30');
    await sweptAt('06-02 02:31');
    expect((await planned())!.plan).toBe('cron 30 2 * * * Europe/Berlin');
  });

  it('keeps what was missed', async () => {
    await clockTo('2026-06-01T12:00Z');
    await start(chores(nightly));
    await due('06-02 00:30');
    await stopAll();
    await clockTo('2026-06-02T12:00Z');
    await start(chores({ name: 'nightly', every: '6 hours' }));
    await sweptAt('06-02 12:00');
    await due('06-02 12:30');
  });

  it('stays as it is, and does not run, where it is gone from the code', async () => {
    await clockTo('2026-06-01T12:00Z');
    await start(chores(nightly));
    await due('06-02 00:30');
    await stopAll();
    await clockTo('2026-06-02T12:00Z');
    await start(chores({ name: 'other', every: '1 second' }));
    await eventually(async () => (await swept()).length > 1, 'runs of another');
    expect(await planned()).toMatchObject({ due: '06-02 00:30' });
    expect(await sql(`SELECT FROM outbox WHERE aggregateid LIKE 'nightly/%'`)).toEqual([]);
  });
});

describe('an interval', () => {
  it('is elapsed time, over the change of the clocks, and does not drift', async () => {
    await clockTo('2026-03-28T12:00:30Z');
    await start(chores({ name: 'daily', every: '1 day' }));
    await due('03-29 12:00', 'daily');
    await clockTo('2026-03-29T12:00:50Z');
    await due('03-30 12:00', 'daily');
    await sweptAt('03-29 12:00');
    await stopAll();
    await clockTo('2026-04-02T18:00Z');
    await start(chores({ name: 'daily', every: '1 day' }));
    await due('04-03 12:00', 'daily');
  });
});

describe('a schedule that cannot be followed', () => {
  it('is refused at start by its name, with what to do', async () => {
    const wrong = [
      { name: 'bad', cron: '61 * * * *' },
      { name: 'both', cron: '@daily', every: '1 day' },
      { name: 'Odd Name', every: '1 day' },
      { name: 'never', every: '1 day', catchUp: 'twice' },
      { name: 'lost', cron: '@daily', timezone: 'Europe/Atlantis' },
      { name: 'unfit', every: '1 day', payload: { room: 7 } },
      { name: 'twice', every: '1 day' },
      { name: 'twice', every: '2 days' },
    ] as unknown as ScheduledOptions[];
    const problems = await wiringProblems([chores(...wrong)]);
    expect(problems).toEqual([
      expect.stringMatching(
        /^the schedule bad of SweepHandler in chores: "61 \* \* \* \*" is no cron expression \(.*\): expected five/,
      ),
      expect.stringMatching(/^the schedule both of SweepHandler in chores: give it either cron or every/),
      expect.stringMatching(/^the schedule Odd Name of SweepHandler in chores: name it in small letters/),
      expect.stringMatching(
        /^the schedule never of SweepHandler in chores: catchUp is "twice": expected "once" or "none"/,
      ),
      expect.stringMatching(
        /^the schedule lost of SweepHandler in chores: "Europe\/Atlantis" is no time zone: use a name/,
      ),
      expect.stringMatching(
        /^the schedule unfit of SweepHandler in chores: its payload does not fit: give it one\. .*room/s,
      ),
      'two schedules of chores are named twice: give one another name',
    ]);
  });

  it('is refused where another module handles the command, or nothing does', async () => {
    expect(await wiringProblems([strangers])).toEqual([
      'strangers handles chores.sweep.v1, which belongs to chores',
      'the schedule of-others of ForeignHandler in strangers: chores.sweep.v1 belongs to chores: send it from a command of strangers',
      'the schedule of-nobody of Idle in strangers: @Scheduled belongs beside @CommandHandler, of a command made with defineCommand',
    ]);
  });
});

describe('a clock that jumps back', () => {
  it('repeats nothing', async () => {
    await clockTo('2026-06-02T00:00Z');
    await start(chores(nightly));
    await due('06-02 00:30');
    await clockTo('2026-06-02T00:30Z');
    await sweptAt('06-02 00:30');
    await clockTo('2026-06-02T00:20Z');
    await clockTo('2026-06-02T00:40Z');
    await start(chores({ name: 'other', every: '1 second' }));
    await eventually(async () => (await swept()).length > 1, 'runs of another');
    expect(await sql(`SELECT FROM outbox WHERE aggregateid LIKE 'nightly/%'`)).toHaveLength(1);
  });
});
