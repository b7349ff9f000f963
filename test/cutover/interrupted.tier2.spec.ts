import { beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../src/platform/testing/index.js';
import type { Tool } from '../support/moving.js';
import { allHeard, following, Load, Moving, said } from '../support/moving.js';
import { needs } from '../support/needs.js';

const describe = needs('pg_basebackup');
const RUNS = 12;
/** Within so many milliseconds a step is cut off: some are over before, most are not. */
const WITHIN_MS = 1200;

/** The tool is cut off from both databases: nothing that it does from then on has an effect, as when it is killed. */
async function killed(moving: Moving, step: 'switch' | 'back', afterMs: number): Promise<boolean> {
  const tool = await moving.open();
  const running = tool.cutover[step]().then(
    () => true,
    () => false,
  );
  await Promise.race([running, delay(afterMs)]);
  const other = await moving.open();
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'liftout:cutover' AND datname = current_database() AND pid <> pg_backend_pid()`;
  await Promise.all([other.source.rows(end), other.target.rows(end)]);
  await other.close();
  return await running;
}

async function completed(moving: Moving, step: 'switch' | 'back'): Promise<string> {
  const tool = await moving.open();
  try {
    return await eventually(async () => (await tool.cutover[step]()).report, `${step} being done`, 60_000);
  } finally {
    await tool.close();
  }
}

describe('a tool that is killed while a module moves', () => {
  let moving: Moving;
  beforeAll(async () => {
    moving = await Moving.begin();
  }, 120_000);

  async function within<T>(work: (tool: Tool) => Promise<T>): Promise<T> {
    const tool = await moving.open();
    return await work(tool).finally(() => void tool.close());
  }

  it(`leaves one side in charge at most, and the step is repeated: ${RUNS} times there and back under load`, async () => {
    const replica = await moving.replica();
    const load = new Load(replica);
    await within(({ cutover }) => cutover.prepare());
    const reports: string[] = [];
    let cut = 0;
    for (let run = 0; run < RUNS; run++) {
      const step = run % 2 === 0 ? 'switch' : 'back';
      await within(({ cutover }) => following(cutover));
      if (!(await killed(moving, step, (run / RUNS) * WITHIN_MS))) cut++;
      reports.push(await completed(moving, step));
      await load.more(20);
    }
    await load.end();
    expect(cut).toBeGreaterThan(0);
    expect(reports.filter((report) => !report.startsWith('Proven'))).toEqual([]);
    await within(async ({ source }) => {
      expect(await said(source)).toBe(load.answered);
      await eventually(() => allHeard(source), 'everything being heard once', 60_000);
    });
    await within(({ cutover }) => cutover.abort());
    await replica.stop();
  }, 480_000);
});
