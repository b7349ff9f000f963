import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { ScheduledOptions } from '../../src/platform/schedules/scheduled.js';
import { turnClock } from '../../src/platform/testing/clock.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { chores } from '../support/chores.js';
import type { RunningProcess } from '../support/host-process.js';
import { runProcess } from '../support/host-process.js';

const nightly: ScheduledOptions = { name: 'nightly', cron: '30 2 * * *', timezone: 'Europe/Berlin' };
/** Milliseconds from the moment when a night is due to the kill: from before the run to after it. */
const KILLS_MS = [0, 5, 20, 50, 100, 200, 400, 700, 1000];

let data: TestDatabase;
let pool: pg.Pool;
let processes: RunningProcess[];
beforeEach(async () => {
  data = await testDatabase([chores()]);
  pool = new pg.Pool({ connectionString: data.urls.get('chores')!, options: '-c search_path=chores' });
  processes = [];
}, 60_000);
afterEach(async () => {
  for (const each of processes) await kill(each);
  await pool.end();
  await data.drop();
});

const start = () => {
  const file = resolve('dist/test/support/chores-process.js');
  processes.push(runProcess(process.execPath, [file, JSON.stringify([...data.urls]), JSON.stringify([nightly])], {}));
};
const kill = async (running: RunningProcess) => {
  running.kill('SIGKILL');
  await running.stopped;
};
const number = async (text: string, ...values: unknown[]) => {
  const { rows } = await pool.query<{ number: number }>(`SELECT ${text}::float8 AS number`, values);
  return rows[0]!.number;
};
const clockTo = async (time: string) =>
  await turnClock(pool, await number(`extract(epoch FROM ${time} - now() - clock_offset()) * 1000`));
const count = (rows: string) => number(`(SELECT count(*) FROM ${rows})`);
const nights = async () => {
  const text = `SELECT to_char(at AT TIME ZONE 'Europe/Berlin', 'MM-DD HH24:MI') AS night FROM swept ORDER BY at`;
  return (await pool.query<{ night: string }>(text)).rows.map(({ night }) => night);
};

describe('a nightly schedule whose processes are killed', () => {
  it.each([
    ['forward', '03-25', 31, { '03-29': '03:00' }],
    ['back', '10-21', 31, {}],
  ])(
    'runs once each night while clocks are put %s: none is missed, none doubled',
    async (_, first, days, odd: Record<string, string>) => {
      const [month, day] = first.split('-').map(Number) as [number, number];
      await clockTo(`timestamptz '2026-${first} 00:00Z'`);
      start();
      start();
      for (const [night, afterMs] of KILLS_MS.entries()) {
        await eventually(
          () => count(`schedule WHERE due_at > now() + clock_offset()`).then((planned) => planned === 1),
          'the next night being planned',
          60_000,
        );
        await clockTo('(SELECT due_at FROM schedule)');
        await delay(afterMs);
        await kill(processes.shift()!);
        start();
        await eventually(async () => (await nights()).length === night + 1, `night ${night}`, 60_000);
      }
      const dates = KILLS_MS.map((_ms, night) => [
        month + Math.floor((day + night - 1) / days),
        ((day + night - 1) % days) + 1,
      ]);
      const expected = dates.map((date) => date.map((part) => String(part).padStart(2, '0')).join('-'));
      expect(await nights()).toEqual(expected.map((date) => `${date} ${odd[date] ?? '02:30'}`));
      expect(await count('outbox')).toBe(expected.length);
    },
    300_000,
  );
});
