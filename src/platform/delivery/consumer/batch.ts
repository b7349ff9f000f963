import { HandlerAborted } from '../../messaging/errors.js';
import { isConnectionFailure } from '../../connection/failures.js';
import type { UnitOfWork } from '../../transaction/unit-of-work.js';
import { endOf } from './batch-end.js';
import type { Consumer, IsOver } from './consumer.js';
import { backoff } from './consumer.js';
import type { StoredMessage } from '../../transaction/message.js';
import { NotYet } from './not-yet.js';
import { Held } from './order.js';
import { failureOf, park } from '../retry/parked.js';

/** How a page is handled: the handlers in a row, each behind a savepoint, or not at all, as what failed before. */
export type How = 'together' | 'isolated' | { failedWith: unknown };

interface Handled {
  left: readonly StoredMessage[];
  failed: boolean;
}

/** Handles the messages of a page in one unit of work, and puts aside those that cannot be handled now. */
export class Batch {
  constructor(
    private readonly consumer: Consumer,
    private readonly failed: (consumer: string, error: unknown) => void,
    private readonly isOver: IsOver,
  ) {}

  /**
   * @param held the keys that have messages parked already
   * @returns how far it came, and whether any message was parked
   */
  async handleAll(
    unit: UnitOfWork,
    messages: readonly StoredMessage[],
    pageEnd: number,
    held: Held,
    how: How,
  ): Promise<{ upTo: number; parked: boolean }> {
    const client = await unit.client();
    const [free, behind] = this.#sorted(messages, held);
    // What is free comes first where it may be parked as well: it is the older one of its key.
    const { left, failed } = await this.#handle(unit, free, how);
    const { upTo, skipped } = endOf(free, left, behind, pageEnd);
    await Promise.all(skipped.map((message) => park(client, this.consumer, { message, dueInMs: 0 })));
    return { upTo, parked: failed || skipped.length > 0 };
  }

  /** @returns what was not begun, and whether any message failed and was parked */
  async #handle(unit: UnitOfWork, free: readonly StoredMessage[], how: How): Promise<Handled> {
    if (free.length === 0) return { left: [], failed: false };
    if (how === 'isolated') return await this.#handleEach(unit, free);
    if (how === 'together') return { left: await this.consumer.handleBatch(free, unit, this.isOver), failed: false };
    for (const message of free) await this.#parkFailed(unit, message, how.failedWith);
    return { left: [], failed: true };
  }

  /** What can be handled now, and what has to wait: for outside, its turn, or a version that knows its type. */
  #sorted(all: readonly StoredMessage[], held: Held): [free: StoredMessage[], behind: StoredMessage[]] {
    const [free, behind]: [StoredMessage[], StoredMessage[]] = [[], []];
    for (const message of all) {
      const unknown = this.isUnknown(message);
      const waits = unknown || this.consumer.external || held.has(message);
      (waits ? behind : free).push(message);
      if (unknown) held.add(message);
    }
    return [free, behind];
  }

  /** Whether this version does not know its type. */
  isUnknown({ type }: StoredMessage): boolean {
    return !this.consumer.types.has(type);
  }

  /** Parks those that fail, with those that follow on them. */
  async #handleEach(unit: UnitOfWork, messages: readonly StoredMessage[]): Promise<Handled> {
    const held = new Held(this.consumer);
    let failed = false;
    for (const [handled, message] of messages.entries()) {
      if (this.isOver()) return { left: messages.slice(handled), failed };
      if (held.has(message)) await park(await unit.client(), this.consumer, { message, dueInMs: 0 });
      else if (await this.#survives(unit, message)) continue;
      held.add(message);
      failed = true;
    }
    return { left: [], failed };
  }

  async #survives(unit: UnitOfWork, message: StoredMessage): Promise<boolean> {
    try {
      await unit.nested(async () => {
        await this.consumer.handle(message, unit);
        await unit.flush();
      });
      return true;
    } catch (error) {
      if (error instanceof HandlerAborted || isConnectionFailure(error)) throw error;
      await this.#parkFailed(unit, message, error);
      return false;
    }
  }

  async #parkFailed(unit: UnitOfWork, message: StoredMessage, error: unknown): Promise<void> {
    const { consumer } = this;
    const client = await unit.client();
    if (error instanceof NotYet)
      return await park(client, consumer, { message, dueInMs: error.afterMs, waitsFor: error.message });
    this.failed(consumer.name, error);
    await park(client, consumer, { message, dueInMs: backoff(consumer.retry, 1), error: failureOf(error) });
  }
}
