import { eventually } from '../../../../src/platform/testing/eventually.js';
import { MovingLoad } from './load.js';
import type { MoveStage } from './move-stage.js';
import { tool } from './move-stage.js';
import { moving } from './mover.js';

const STEP_TIMEOUT_MS = 600_000;

export interface Move {
  rows: number;
  copyMs: number;
  pauseMs: number;
  longestMs: number;
  peakBytes: number;
  report: string;
}

/** Moves a module with many rows, and measures it. */
export class MillionRows {
  constructor(
    private readonly stage: MoveStage,
    private readonly seed: number,
  ) {}

  /** There and, once measured, back: the module is at the source again, with so many rows in one table. */
  async move(rows: number): Promise<Move> {
    const { ground, application } = this.stage;
    const way = this.stage.way('making');
    await ground.sql(
      `INSERT INTO making.thing SELECT 'row/' || n, 1 FROM generate_series(1, $1::int) n ON CONFLICT DO NOTHING`,
      [rows],
    );
    await ground.sql('ANALYZE making.thing');
    await application.worker();
    const load = new MovingLoad(ground, application, `r${rows}`, this.seed);
    const since = performance.now();
    await moving(way, (cutover) => cutover.prepare());
    const follows = () => moving(way, async (cutover) => (await cutover.status()).copying?.length === 0);
    await eventually(follows, 'the copy', STEP_TIMEOUT_MS);
    const copyMs = performance.now() - since;
    const told = await tool(way, 'switch').told;
    if (typeof told === 'string' || 'failure' in told || typeof told.result === 'string')
      throw new Error(JSON.stringify(told));
    const longestMs = await load.measured();
    await eventually(follows, 'the way back', STEP_TIMEOUT_MS);
    await moving(way, (cutover) => cutover.back());
    await moving(way, (cutover) => cutover.abort());
    await load.end();
    return { rows, copyMs, longestMs, peakBytes: told.peakBytes, ...told.result };
  }
}
