import { Injectable } from '@nestjs/common';
import type { Consumer } from '../delivery/consumer/consumer.js';
import type { Lag } from '../delivery/maintenance/lag.js';
import { lagOf } from '../delivery/maintenance/lag.js';
import { notify } from '../delivery/feed/outbox-watch.js';
import { releaseNext } from '../delivery/retry/parked.js';
import type { Rewound } from '../delivery/checkpoint/start-guard.js';
import type { Discarded, KnownTypes, RetryEntry, RetryEntryDetail } from '../delivery/retry/work-table.js';
import {
  listPutAside,
  readPutAside,
  removePutAside,
  retryAllPutAside,
  retryPutAside,
} from '../delivery/retry/work-table.js';
import { currentMessage } from '../messaging/context/context.js';
import { Conflict, NotFound } from '../messaging/errors.js';
import { withoutSecrets } from '../observability/logging.js';
import type { Database } from '../transaction/database.js';
import { UnitOfWork } from '../transaction/unit-of-work.js';
import { Runtime } from '../runtime/runtime.js';
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

  /** Has a message tried again now, with all its attempts ahead of it. @throws NotFound, Conflict while it is tried */
  async retry(id: string): Promise<void> {
    const { database, row } = this.#find(id);
    if (((await retryPutAside(database.pool, row)) ?? unknown(id)) === 'busy') throw busy(id);
    await notify(database.pool, database.module, 'parked');
  }

  /** Has everything that was put aside tried again now. @returns how many messages */
  async retryAll(): Promise<number> {
    let retried = 0;
    for (const { pool, module } of this.runtime.databases) {
      const due = await retryAllPutAside(pool);
      if (due > 0) await notify(pool, module, 'parked');
      retried += due;
    }
    return retried;
  }

  /**
   * Removes a message for good; the log keeps what it was and why. A saga that waits for its outcome is told that it was
   * given up, unless it was told when the message became a dead letter.
   *
   * @throws NotFound, Conflict while an outside call is being made for it
   */
  async discard(id: string, reason: string): Promise<void> {
    const { database, row } = this.#find(id);
    const { gone, published } = await this.#remove(database, id, row, reason);
    const { consumer, lastError, message } = gone;
    const by = currentMessage()?.actor.sub ?? 'command line';
    const line = {
      id,
      consumer,
      type: message.type,
      messageId: message.id,
      key: message.aggregateid,
      by,
      reason,
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
    reason: string,
  ): Promise<{ gone: Discarded; published: boolean }> {
    const unit = new UnitOfWork(database.module, database.dataSource);
    try {
      const gone = (await removePutAside(await unit.client(), row)) ?? unknown(id);
      if (gone === 'busy') throw busy(id);
      const consumer = this.#consumer(gone.consumer);
      if (gone.state === 'waiting') consumer?.givenUp?.(gone.message, `discarded: ${reason}`, unit);
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

function busy(id: string): Conflict {
  return new Conflict(
    'being_handled',
    `An outside call is being made for ${id}, so nothing was changed. It ends at the limit of its handler at the latest; try again then.`,
  );
}

function unknown(id: string): never {
  throw new NotFound('unknown_delivery', `There is no undelivered message ${id}: see the list for what there is.`);
}
