import type { Database } from '../transaction/database.js';
import { releaseDelayed } from '../transaction/delayed.js';
import { transact } from '../transaction/transact.js';
import { DueLoop } from './due-loop.js';
import { decide, nextDue } from './due-times.js';
import type { Schedule } from './schedule.js';
import { clockOf, lockDueSchedule, moveSchedule, nextDueMs, noteSchedules, runKey } from './schedule-store.js';

/**
 * Puts the commands of one module that are due into its outbox: those that were sent for later, and the runs of its
 * schedules, each in the transaction that moves the schedule on. So a run is there once, whatever is killed, and however
 * many replicas look.
 *
 * Schedules that this version does not know stay as they are. Of one that another version plans in another way: the plan of
 * the version that has started last holds; where nobody with that plan is left, the run is a minute late, and the plan of
 * whoever runs it holds from then on.
 */
export class DueCommands extends DueLoop {
  readonly #schedules: ReadonlyMap<string, Schedule>;
  #noted = false;

  constructor(
    private readonly database: Database,
    schedules: readonly Schedule[],
    private readonly committed: () => void,
    failed: (error: unknown) => void,
  ) {
    super(failed);
    this.#schedules = new Map(schedules.map((schedule) => [schedule.name, schedule]));
  }

  get #all(): readonly Schedule[] {
    return [...this.#schedules.values()];
  }

  async nextMs(): Promise<number | undefined> {
    if (!this.#noted) await this.#note();
    return await nextDueMs(this.database.pool, this.#all);
  }

  protected async one(): Promise<boolean> {
    if ((await releaseDelayed(this.database.pool)) || (await this.#runOne())) {
      this.committed();
      return true;
    }
    return false;
  }

  async #note(): Promise<void> {
    if (this.#schedules.size > 0) {
      const now = await clockOf(this.database.pool);
      const dues = this.#all.map(({ plan }) => firstDue(plan, now));
      await noteSchedules(this.database.pool, this.#all, dues);
    }
    this.#noted = true;
  }

  /** @returns whether one was due */
  async #runOne(): Promise<boolean> {
    if (this.#schedules.size === 0) return false;
    return await transact(this.database, async (client, unit) => {
      const row = await lockDueSchedule(client, this.#all);
      if (!row) return false;
      const schedule = this.#schedules.get(row.name)!;
      const decision = decide(schedule.plan, schedule.catchUp, row, row.now);
      if (decision.run) {
        unit.send(schedule.command, { key: runKey(row) });
        await unit.flush();
      }
      await moveSchedule(client, schedule, decision);
      return true;
    });
  }
}

/** When a plan that begins now is due first: milliseconds since the epoch. */
export const firstDue = (plan: Schedule['plan'], now: number) =>
  'everyMs' in plan ? now + plan.everyMs : nextDue(plan, now, now);
