import { Injectable } from '@nestjs/common';
import type { Consumer } from '../delivery/consumer/consumer.js';
import type { Lag } from '../delivery/maintenance/lag.js';
import { lagOf } from '../delivery/maintenance/lag.js';
import { notify } from '../delivery/feed/outbox-watch.js';
import { releaseNext } from '../delivery/retry/parked.js';
import type { Rewound } from '../delivery/checkpoint/start-guard.js';
import type {
  Cause,
  Discarded,
  KnownTypes,
  RetryEntry,
  RetryEntryDetail,
  Selection,
} from '../delivery/retry/work-table.js';
import {
  listCauses,
  listPutAside,
  readPutAside,
  removePutAside,
  retryPutAside,
  retrySelected,
  selectDead,
} from '../delivery/retry/work-table.js';
import { Conflict, NotFound } from '../messaging/errors.js';
import { withoutSecrets } from '../observability/logging.js';
import type { Database } from '../transaction/database.js';
import { transact } from '../transaction/transact.js';
import { UnitOfWork } from '../transaction/unit-of-work.js';
import { Runtime } from '../runtime/runtime.js';
import type { Why } from './actions.js';
import { noteAction } from './actions.js';
import { rewoundConsumers } from './rewound-consumers.js';

/** What a person can see of the messages that are not delivered, and do about them. */
@Injectable()
export class Deliveries {
  constructor(private readonly runtime: Runtime) {}

  /** What the modules here have put aside: dead letters first, the oldest of each first. */
  async list(limit: number): Promise<{ items: RetryEntry[]; total: number }> {
    const lists = await Promise.all(this.runtime.databases.map(({ pool }) => listPutAside(pool, limit, this.#known)));
    const items = lists.flatMap((list) => list.items);
    items.sort((a, b) => Number(b.state === 'dead') - Number(a.state === 'dead') || b.ageMs - a.ageMs);
    return { items: items.slice(0, limit), total: lists.reduce((sum, list) => sum + list.total, 0) };
  }

  /** Everything about one message but secrets. @throws NotFound */
  async show(id: string): Promise<RetryEntryDetail> {
    const { database, row } = this.#find(id);
    return withoutSecrets((await readPutAside(database.pool, row, this.#known)) ?? unknown(id));
  }

  /** The dead letters by what went wrong, those of each module for themselves, the most frequent first. */
  async causes(): Promise<(Cause & { module: string })[]> {
    const lists = this.runtime.databases.map(async ({ module, pool }) =>
      (await listCauses(pool)).map((cause) => ({ module, ...cause })),
    );
    return (await Promise.all(lists)).flat().sort((a, b) => b.count - a.count);
  }

  /** Has a message tried again now, with all its attempts ahead of it. @throws NotFound, Conflict while it is tried */
  async retry(id: string, why: Why): Promise<void> {
    const { database, row } = this.#find(id);
    await transact(database, async (client) => {
      if (((await retryPutAside(client, row)) ?? unknown(id)) === 'busy') throw busy(id);
      await noteAction(client, why, 'retry', id);
    });
    await notify(database.pool, database.module, 'parked');
  }

  /** Has what was selected tried again now, dead letters and what waits for its time. @returns how many messages */
  async retryAll(selection: Selection, why: Why): Promise<number> {
    let retried = 0;
    for (const database of this.runtime.databases) {
      const due = await transact(database, async (client) => {
        const count = await retrySelected(client, selection);
        if (count > 0) await noteAction(client, why, 'retry', `${textOf(selection)}: ${count}`);
        return count;
      });
      if (due > 0) await notify(database.pool, database.module, 'parked');
      retried += due;
    }
    return retried;
  }

  /**
   * Removes the dead letters that were selected for good, each as {@link discard} does: killed in the middle, the rest is
   * there still. @returns how many
   */
  async discardAll(selection: Selection, why: Why): Promise<number> {
    let discarded = 0;
    for (const { module, pool } of this.runtime.databases)
      for (const row of await selectDead(pool, selection))
        try {
          await this.discard(`${module}:${row}`, why);
          discarded += 1;
        } catch (error) {
          // Somebody else was faster.
          if (!(error instanceof NotFound || error instanceof Conflict)) throw error;
        }
    return discarded;
  }

  /**
   * Removes a message for good; the log keeps what it was and why. A saga that waits for its outcome is told that it was
   * given up, unless it was told when the message became a dead letter.
   *
   * @throws NotFound, Conflict while an outside call is being made for it
   */
  async discard(id: string, why: Why): Promise<void> {
    const { database, row } = this.#find(id);
    const { gone, published } = await this.#remove(database, id, row, why);
    const { consumer, lastError, message } = gone;
    const line = {
      id,
      consumer,
      type: message.type,
      messageId: message.id,
      key: message.aggregateid,
      ...why,
      lastError,
    };
    this.runtime.log.warn(line, 'an undelivered message was discarded');
    await releaseNext(database.pool, this.#consumer(consumer) ?? { name: consumer }, [message]);
    if (published) await notify(database.pool, database.module);
    await notify(database.pool, database.module, 'parked');
  }

  /** How far each consumer is behind each of its producers. */
  async lag(): Promise<Lag[]> {
    return (await Promise.all([...this.runtime.running].map((module) => lagOf(this.runtime, module)))).flat();
  }

  /** The consumers that do not start, and why. */
  async rewound(): Promise<Rewound[]> {
    return await rewoundConsumers(this.runtime);
  }

  async #remove(
    database: Database,
    id: string,
    row: string,
    why: Why,
  ): Promise<{ gone: Discarded; published: boolean }> {
    const unit = new UnitOfWork(database.module, database.dataSource);
    try {
      const client = await unit.client();
      const gone = (await removePutAside(client, row)) ?? unknown(id);
      if (gone === 'busy') throw busy(id);
      await noteAction(client, why, 'discard', `${id} (${gone.message.type} ${gone.message.id})`);
      const consumer = this.#consumer(gone.consumer);
      if (gone.state === 'waiting') consumer?.givenUp?.(gone.message, `discarded: ${why.reason}`, unit);
      return { gone, published: await unit.commit() };
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  }

  get #known(): KnownTypes {
    const { consumers } = this.runtime;
    const pairs = consumers.flatMap(({ name, types }) => [...types].map((type) => `${name} ${type}`));
    return { consumers: consumers.map(({ name }) => name), pairs };
  }

  #consumer(name: string): Consumer | undefined {
    return this.runtime.consumers.find((each) => each.name === name);
  }

  #find(id: string): { database: Database; row: string } {
    const [, module, row] = /^([a-z][a-z0-9-]*):([1-9]\d{0,17})$/.exec(id) ?? [];
    const database = this.runtime.databases.find((each) => each.module === module);
    if (!database || row === undefined) return unknown(id);
    return { database, row };
  }
}

/** For the audit: `type x, consumer y`, or `everything`. */
function textOf(selection: Selection): string {
  const named = Object.entries(selection).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return named.join(', ') || 'everything';
}

function busy(id: string): Conflict {
  return new Conflict(
    'being_handled',
    `An outside call is being made for ${id}, so nothing was changed. It ends at the limit of its handler at the latest; try again then.`,
  );
}

function unknown(id: string): never {
  throw new NotFound('unknown_delivery', `There is no undelivered message ${id}: see the list for what there is.`);
}
