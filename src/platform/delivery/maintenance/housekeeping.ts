import type { Logger } from '../../observability/logging.js';
import type { Database } from '../../transaction/database.js';
import type { ConsumerLoop } from '../consumer/consumer-loop.js';
import { heldBy } from './holders.js';
import type { DeliverySource } from './lag.js';
import { oldestOf } from './lag.js';
import { noteKnown, retireTypes } from '../checkpoint/covered-set.js';
import { releaseAll } from '../retry/parked.js';
import type { RetentionOptions } from './retention.js';
import { keepOutbox } from './retention.js';
import { clearShelf } from '../checkpoint/shelf.js';

const PASS_MS = 10_000;
/** Delayed so that it does not compete with start-up. */
const FIRST_MS = 1000;
const ALARM_MS = 60_000;

export interface HousekeepingOptions extends RetentionOptions {
  /** A message type that no running replica has known for so many milliseconds leaves the covered sets of its consumers. */
  typeGraceMs: number;
  /** A message that is not delivered after so many milliseconds is told of in the log. */
  staleAfterMs: number;
}

/** What is looked after: the modules of this process. */
interface MaintenanceTarget extends DeliverySource {
  readonly databases: readonly Database[];
  readonly loops: readonly ConsumerLoop[];
  readonly log: Logger;
}

/**
 * Looks after the delivery of the modules in this process, every ten seconds: room and retention of the outboxes, progress
 * that is to be saved or was moved, parked messages whose turn a crash kept from coming, and once a minute an alarm for
 * every module that has been waiting for too long.
 */
export class Housekeeping {
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> | undefined;
  #alarmAt = Date.now() + ALARM_MS;
  #stopped = false;

  constructor(
    private readonly target: MaintenanceTarget,
    private readonly options: HousekeepingOptions,
  ) {}

  start(): void {
    this.#next(FIRST_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  #next(pauseMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#pass = this.#work().finally(() => this.#next(PASS_MS));
    }, pauseMs);
  }

  async #work(): Promise<void> {
    const alarm = Date.now() >= this.#alarmAt;
    if (alarm) this.#alarmAt = Date.now() + ALARM_MS;
    const held = await heldBy(this.target.databases);
    for (const database of this.target.databases) {
      if (this.#stopped) return;
      try {
        await this.review(database);
        await this.tendTypes(database);
        await releaseAll(database.pool);
        await keepOutbox(database, this.target.databases, this.options, held);
        if (alarm) await this.alarm(database.module);
      } catch (err) {
        this.target.log.warn({ err, module: database.module }, 'outbox maintenance failed; retrying');
      }
    }
  }

  /** Makes the consumers of a module look at progress that is not what they think it is. One query a module. */
  async review({ module, pool }: Database): Promise<void> {
    const { rows } = await pool.query<{ row: string; position: number; coverage: number | null }>(PROGRESS);
    const stored = new Map(rows.map((each) => [each.row, each]));
    for (const loop of this.target.loops) {
      if (loop.module !== module) continue;
      const { position, saved, coverage } = loop.progress;
      const row = stored.get(loop.row);
      if (position !== saved || row?.position !== saved || row.coverage !== coverage) loop.review();
    }
  }

  /** Says which message types are known here, and has those go that are known nowhere any more. */
  async tendTypes(database: Database): Promise<void> {
    const own = this.target.consumers.filter(({ module }) => module === database.module);
    await noteKnown(database, own);
    await retireTypes(database, own, this.options.typeGraceMs);
    for (const { type, count } of await clearShelf(database.pool, this.options.keepMs))
      this.target.log.warn({ module: database.module, type, count }, 'messages of a removed type are no longer kept');
  }

  /** Warns when a message of the module has been waiting for too long. */
  async alarm(module: string): Promise<void> {
    const oldest = await oldestOf(this.target, module);
    if (!oldest || oldest.ageMs < this.options.staleAfterMs) return;
    const look = `npm run deliveries -- ${oldest.parked ? 'list' : 'lag'}`;
    this.target.log.warn(
      { module, consumer: oldest.consumer, ageMs: Math.round(oldest.ageMs), look },
      'delivery is stale',
    );
  }
}

/** Named as a loop names its row. */
const PROGRESS = `
  SELECT concat(consumer, ' ', producer, ' ', part, '/', parts) AS row, position::float8 AS position, coverage
    FROM consumer_progress`;
