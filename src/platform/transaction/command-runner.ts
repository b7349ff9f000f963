import { setTimeout as delay } from 'node:timers/promises';
import type { MessageContext } from '../messaging/context/context.js';
import { childScope } from '../messaging/context/context.js';
import type { CommandRunner, CommandResult } from '../messaging/dispatcher.js';
import { Unavailable } from '../messaging/errors.js';
import { HANDLER_TIMEOUT_MS, leftMs, runLimited } from '../messaging/context/time-limit.js';
import { CommandMemory, wasHandled } from './command-memory.js';
import type { Database } from './database.js';
import { isConnectionFailure, isReadOnly, isRetryable } from '../connection/failures.js';
import { held, noteUndecided } from './hold.js';
import { UnitOfWork } from './unit-of-work.js';

const ATTEMPTS = 5;

/** Handles the local domain events of a unit of work, before it commits. */
type DispatchLocal = (unit: UnitOfWork) => Promise<void>;

/**
 * Runs a command in at most one transaction of its module.
 *
 * - An error named in the contract rolls the transaction back and is the command's outcome.
 * - Deadlocks and serialisation failures are run again, up to five times; any other fault rolls back and is thrown.
 * - A handler that has not ended at the deadline, or after `timeoutMs`, is given up: its transaction is undone and its
 *   connection closed.
 * - Where the module's data may move from one server to another, a command that meets the move is held and run again until
 *   its deadline, unless it may have committed and has no key.
 * - A command with an idempotency key has its outcome remembered in the same transaction. A repetition gets that
 *   outcome; of two that run at the same time one commits, and the other gets its outcome. Faults are not remembered.
 */
export class TransactionalRunner implements CommandRunner {
  constructor(
    private readonly database: Database,
    private readonly dispatchLocal: DispatchLocal,
    private readonly onCommit: () => void,
    private readonly timeoutMs = HANDLER_TIMEOUT_MS,
  ) {}

  async run(context: MessageContext, message: object, handle: () => Promise<CommandResult>): Promise<CommandResult> {
    const memory = context.key === undefined ? undefined : new CommandMemory(context.key, context, message);
    const work = () => this.#run(context, memory, handle);
    return this.database.isMovable ? await held(context, memory !== undefined, work) : await work();
  }

  async read<T>(context: MessageContext, work: () => Promise<T>): Promise<T> {
    return this.database.isMovable ? await held(context, true, work) : await work();
  }

  async #run(
    context: MessageContext,
    memory: CommandMemory | undefined,
    handle: () => Promise<CommandResult>,
  ): Promise<CommandResult> {
    const known = await memory?.recall(this.database.pool);
    if (known) return known;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(context, memory, handle);
      } catch (error) {
        if (!isRetryable(error) || attempt === ATTEMPTS) throw error;
        await delay(Math.random() * 10 * 2 ** attempt);
      }
    }
  }

  async #attempt(
    context: MessageContext,
    memory: CommandMemory | undefined,
    handle: () => Promise<CommandResult>,
  ): Promise<CommandResult> {
    const unit = this.#newUnit();
    try {
      const limitMs = Math.min(this.timeoutMs, leftMs(context));
      const outcome = await runLimited(limitMs, childScope(context, unit), async () => {
        const answer = await handle();
        if (answer.ok && unit.hasLocalEvents) await this.dispatchLocal(unit);
        return answer;
      });
      if (outcome.ok) await this.#commit(unit, context, memory, outcome);
      else await this.#undo(unit, memory, outcome);
      return outcome;
    } catch (error) {
      await unit.rollback();
      const known = await this.#handledMeanwhile(memory, error);
      if (known) return known;
      const blamed = unit.blame(error);
      if (unit.mayHaveCommitted && !isReadOnly(error)) noteUndecided(blamed);
      throw blamed;
    }
  }

  /** What fails may do so because the same command has been handled in the meantime. */
  async #handledMeanwhile(memory: CommandMemory | undefined, error: unknown): Promise<CommandResult | undefined> {
    if (!memory || isConnectionFailure(error)) return undefined;
    const known = memory.recall(this.database.pool);
    return wasHandled(error) ? await known : await known.catch(() => undefined);
  }

  #newUnit(): UnitOfWork {
    return new UnitOfWork(this.database.module, this.database.dataSource);
  }

  async #commit(
    unit: UnitOfWork,
    context: MessageContext,
    memory: CommandMemory | undefined,
    outcome: CommandResult,
  ): Promise<void> {
    if (context.deadline && Date.now() > context.deadline) {
      throw new Unavailable(`${context.type} was too late to commit: its caller has stopped waiting.`, 'timeout');
    }
    if (await unit.commit(memory && ((client) => memory.note(client, outcome)))) this.onCommit();
  }

  /** A typed error leaves nothing behind but the memory of it. */
  async #undo(unit: UnitOfWork, memory: CommandMemory | undefined, outcome: CommandResult): Promise<void> {
    await unit.rollback();
    if (memory) await memory.note(this.database.pool, outcome);
  }
}
