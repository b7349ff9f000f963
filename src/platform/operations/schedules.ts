import { Injectable } from '@nestjs/common';
import { Runtime } from '../runtime/runtime.js';
import type { StoredSchedule } from '../schedules/schedule-store.js';
import { listSchedules } from '../schedules/schedule-store.js';

/** A schedule of a module of this process, as it stands. */
interface ShownSchedule extends StoredSchedule {
  module: string;
  /** The command that it runs; null where this version does not know the schedule, so that it does not run. */
  command: string | null;
}

/** What a person can see of schedules. */
@Injectable()
export class Schedules {
  constructor(private readonly runtime: Runtime) {}

  /** Those that are due next come first. */
  async list(): Promise<ShownSchedule[]> {
    const lists = await Promise.all(
      this.runtime.databases.map(async ({ module, pool }) =>
        (await listSchedules(pool)).map((stored) => ({
          module,
          ...stored,
          command: this.#command(module, stored.name),
        })),
      ),
    );
    return lists.flat().sort((a, b) => (a.nextRun < b.nextRun ? -1 : 1));
  }

  #command(module: string, name: string): string | null {
    const found = this.runtime.schedules.find((each) => each.module === module && each.name === name);
    return found ? found.type : null;
  }
}
