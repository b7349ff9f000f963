import { CommandBus } from '@nestjs/cqrs';
import { eventRow } from '../../src/platform/transaction/message.js';
import { appendToOutbox } from '../../src/platform/transaction/outbox.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { contextOptions } from '../../src/platform/bounded-context.js';
import { moduleUrl } from '../../src/platform/connection/urls.js';
import { testDatabase } from '../../src/platform/testing/index.js';
import type { Type } from '@nestjs/common';
import type pg from 'pg';
import type { Posting } from './ledger.js';
import { AmountPosted, Ledger, PostAmount, PostSilently } from './ledger.js';
import { poolOf } from './server.js';
import type { Address, Producing, Side } from './side.js';
import { Effects } from './side.js';
import { Stage } from './stage.js';
import type { Style } from './tally.js';
import { tally } from './tally.js';

const AT_ONCE = 1000;

/** Our side: a ledger that publishes, and where a style is named a tally that subscribes. */
export class Ours implements Side, Producing {
  readonly #effects: Effects;
  #stage: Stage | undefined;
  #bus: CommandBus | undefined;

  private constructor(
    readonly modules: readonly Type[],
    readonly database: TestDatabase,
    readonly admin: pg.Pool,
  ) {
    this.#effects = new Effects({ pool: admin }, 'tally.effect');
  }

  static open(style?: Style): Promise<Ours> {
    return Ours.with(style ? [tally(style)] : []);
  }

  /** A ledger and these. */
  static async with(others: readonly Type[]): Promise<Ours> {
    const modules = [Ledger, ...others];
    const database = await testDatabase(modules);
    return new Ours(modules, database, poolOf(database.adminUrl, 4));
  }

  /** Another process on a database that was made already. */
  static at(adminUrl: string, others: readonly Type[] = []): Ours {
    const modules = [Ledger, ...others];
    const urls = new Map(
      modules.map((module) => contextOptions(module)!.name).map((name) => [name, moduleUrl(adminUrl, name)]),
    );
    return new Ours(modules, { adminUrl, urls, drop: async () => undefined }, poolOf(adminUrl, 4));
  }

  get address(): Address {
    return { side: 'ours', url: this.database.adminUrl };
  }

  async fill(postings: readonly Posting[]): Promise<void> {
    const client = await this.admin.connect();
    try {
      await client.query('SET search_path = ledger');
      for (let from = 0; from < postings.length; from += AT_ONCE) {
        const events = postings.slice(from, from + AT_ONCE).map((posting) => new AmountPosted(posting));
        await appendToOutbox(client, events.map(eventRow));
      }
      await client.query('ANALYZE outbox');
    } finally {
      client.release(true);
    }
  }

  /** Opens an application that does not deliver yet. */
  async prepare(): Promise<void> {
    this.#stage = await Stage.open(this.modules, this.database, { poolSize: 20 });
    this.#bus = this.#stage.get(CommandBus);
  }

  async work(): Promise<void> {
    this.#stage!.start();
  }

  /** Closes the application; the database stays. */
  async leave(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    await stage?.close();
  }

  async post(posting: Posting, silent = false): Promise<void> {
    const command = silent ? new PostSilently(posting) : new PostAmount(posting);
    await this.#bus!.execute(command);
  }

  effects(): Promise<number> {
    return this.#effects.count();
  }

  clear(): Promise<void> {
    return this.#effects.clear();
  }

  async close(): Promise<void> {
    await this.leave();
    await this.admin.end();
    await this.database.drop();
  }
}
