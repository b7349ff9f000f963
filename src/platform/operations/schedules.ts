import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { notify } from '../delivery/feed/outbox-watch.js';
import { Conflict, NotFound } from '../messaging/errors.js';
import { Runtime } from '../runtime/runtime.js';
import { firstDue } from '../schedules/due-commands.js';
import type { Schedule } from '../schedules/schedule.js';
import type { StoredSchedule } from '../schedules/schedule-store.js';
import {
  listSchedules,
  lockSchedule,
  moveSchedule,
  pauseSchedule,
  resumeSchedule,
  runKey,
} from '../schedules/schedule-store.js';
import { transact } from '../transaction/transact.js';
import type { UnitOfWork } from '../transaction/unit-of-work.js';
import type { Why } from './actions.js';
import { noteAction } from './actions.js';

/** A schedule of a module of this process, as it stands. */
interface ShownSchedule extends StoredSchedule {
  /** `module:name` */
  id: string;
  module: string;
  /** The command that it runs; null where this version does not know the schedule, so that it does not run. */
  command: string | null;
}

type Locked = NonNullable<Awaited<ReturnType<typeof lockSchedule>>>;

/** What a person can see of schedules, and do about them. */
@Injectable()
export class Schedules {
  constructor(private readonly runtime: Runtime) {}

  /** Those that are due next come first, those that are paused last. */
  async list(): Promise<ShownSchedule[]> {
    const lists = await Promise.all(
      this.runtime.databases.map(async ({ module, pool }) =>
        (await listSchedules(pool)).map((stored) => ({
          id: `${module}:${stored.name}`,
          module,
          ...stored,
          command: this.#known(module, stored.name)?.type ?? null,
        })),
      ),
    );
    const when = ({ nextRun }: ShownSchedule) => nextRun ?? 'paused';
    return lists.flat().sort((a, b) => Number(when(a) > when(b)) - Number(when(a) < when(b)));
  }

  /**
   * Runs a schedule once, now, also while it is paused; its plan stays as it is.
   * @throws NotFound; Conflict while a run of it has not ended, or where this version does not know it
   */
  async run(id: string, why: Why): Promise<void> {
    await this.#change(id, why, 'run', async (row, schedule, client, unit) => {
      if (row.open)
        throw new Conflict(
          'already_running',
          `The last run of ${id} has not ended: a schedule never runs beside itself.`,
        );
      unit.send(schedule.command, { key: runKey({ ...row, due: row.now }) });
      await unit.flush();
      await moveSchedule(client, schedule, { due: row.due, owed: row.owed, run: true });
    });
  }

  /**
   * Has a schedule not run until it is resumed. A run that is under way goes on; one that was missed is not made up for.
   * @throws NotFound; Conflict where it is paused, or this version does not know it
   */
  async pause(id: string, why: Why): Promise<void> {
    await this.#change(id, why, 'pause', async ({ name, paused }, _, client) => {
      if (paused) throw new Conflict('paused', `${id} is paused already.`);
      await pauseSchedule(client, name);
    });
  }

  /**
   * Has a paused schedule run by its plan from now on; what fell due meanwhile is not made up for.
   * @throws NotFound; Conflict where it is not paused, or this version does not know it
   */
  async resume(id: string, why: Why): Promise<void> {
    await this.#change(id, why, 'resume', async ({ name, paused, now }, { plan }, client) => {
      if (!paused) throw new Conflict('not_paused', `${id} is not paused.`);
      await resumeSchedule(client, name, firstDue(plan, now));
    });
  }

  async #change(
    id: string,
    why: Why,
    action: string,
    change: (row: Locked, schedule: Schedule, client: PoolClient, unit: UnitOfWork) => Promise<void>,
  ): Promise<void> {
    const [module = '', name = ''] = id.split(':');
    const database = this.runtime.databases.find((each) => each.module === module);
    if (!database) return unknown(id);
    await transact(database, async (client, unit) => {
      const row = (await lockSchedule(client, name)) ?? unknown(id);
      const schedule = this.#known(module, name);
      if (!schedule)
        throw new Conflict(
          'not_known_here',
          `This version does not know ${id}, so that it does not run: nothing was changed.`,
        );
      await change(row, schedule, client, unit);
      await noteAction(client, why, action, id);
    });
    await notify(database.pool, module);
  }

  #known(module: string, name: string): Schedule | undefined {
    return this.runtime.schedules.find((each) => each.module === module && each.name === name);
  }
}

function unknown(id: string): never {
  throw new NotFound('unknown_schedule', `There is no schedule ${id}: see the list for what there is.`);
}
