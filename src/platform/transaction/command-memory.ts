import type { DatabaseError, PoolClient } from 'pg';
import { contentHash, hashOf, withoutDefaults } from '../messaging/content.js';
import { definitionOf } from '../messaging/define.js';
import type { MessageContext } from '../messaging/context/context.js';
import type { CommandResult } from '../messaging/dispatcher.js';
import { ERASED, Invalid } from '../messaging/errors.js';
import { isUniqueViolation } from '../connection/failures.js';

/** So many commands of one message that version 0.1 has executed are recognised. */
const MAX_FORMER_COMMANDS = 50;

/** Whether a transaction failed because the same command was handled in another one. */
export function wasHandled(error: unknown): boolean {
  return isUniqueViolation(error) && (error as DatabaseError).constraint === 'command_outcome_pkey';
}

interface Remembered {
  key: string;
  /** Hash of the command with its defaults, as version 0.1 wrote and compared it. */
  fingerprint: string;
  /** Hash of the command without them; absent in rows of version 0.1. */
  content: string | null;
  outcome: CommandResult;
}

/** The memory of one keyed command in its module's schema. */
export class CommandMemory {
  readonly #type: string;
  readonly #fingerprint: string;
  readonly #content: string;
  readonly #formerKeys: readonly string[];

  constructor(
    private readonly key: string,
    private readonly context: MessageContext,
    private readonly message: object,
  ) {
    this.#type = context.type;
    this.#fingerprint = hashOf(message);
    this.#content = contentHash(message);
    this.#formerKeys = formerKeys(context);
  }

  /** The outcome, if the command was handled before. */
  async recall(client: Pick<PoolClient, 'query'>): Promise<CommandResult | undefined> {
    const { rows } = await client.query<Remembered>({
      name: 'outcome-recall',
      text: 'SELECT key, fingerprint, content, outcome FROM command_outcome WHERE type = $1 AND key = ANY ($2)',
      values: [this.#type, [this.key, ...this.#formerKeys]],
    });
    const known = rows.find(({ key }) => key === this.key);
    if (!known) return this.#former(rows)?.outcome;
    if (isErased(known)) return known.outcome;
    return this.#isSame(known) ? known.outcome : reused();
  }

  /**
   * Notes the outcome, in the transaction of `client`: one row, written once, last. Where the same command is under way
   * in another transaction, this one waits for its end.
   *
   * @throws an error that {@link wasHandled} knows, where that other one has committed: nothing of this one may
   */
  async note(client: Pick<PoolClient, 'query'>, outcome: CommandResult): Promise<void> {
    await client.query({
      name: 'outcome-note',
      text: `INSERT INTO command_outcome (type, key, fingerprint, content, repeated_by, subject, outcome)
             VALUES ($1, $2, $3, $4, coalesce($5, 'message'), $6, $7)`,
      values: [
        this.#type,
        this.key,
        this.#fingerprint,
        this.#content,
        this.context.repeatedBy,
        subjectOf(this.message),
        JSON.stringify(outcome),
      ],
    });
  }

  /** The same defaults, or the same without defaults: whatever either version has of them. */
  #isSame({ fingerprint, content }: Remembered): boolean {
    if (fingerprint === this.#fingerprint || content === this.#content) return true;
    return content === null && fingerprint === hashOf(withoutDefaults(this.message));
  }

  /** Version 0.1 numbered the commands of a message; those that say the same are taken in that order. */
  #former(rows: readonly Remembered[]): Remembered | undefined {
    const numbered = (row: Remembered) => this.#formerKeys.indexOf(row.key);
    const same = rows.filter((row) => this.#isSame(row)).sort((a, b) => numbered(a) - numbered(b));
    if (this.context.repeatedBy === 'message') return same[this.context.former?.nth ?? 0];
    return same.find(({ content }) => content === null);
  }
}

/** It has no content any more to compare with. */
const isErased = ({ outcome }: Remembered) => outcome?.ok === false && outcome.error.code === ERASED.code;

/** A hash of whom the command speaks of, so that an erasure finds its outcome. */
function subjectOf(message: object): string | null {
  const { subject } = definitionOf(message)?.personal ?? {};
  const value = subject && (message as Record<string, unknown>)[subject];
  return typeof value === 'string' ? hashOf(value) : null;
}

function formerKeys({ former, repeatedBy }: MessageContext): string[] {
  if (!former) return [];
  const { parent, position } = former;
  if (repeatedBy !== 'message') return [`${parent}/${position}`];
  return Array.from({ length: MAX_FORMER_COMMANDS }, (_, n) => `${parent}/${n}`);
}

function reused(): CommandResult {
  const message = 'This idempotency key was used before, for another content. Use a new key for a new command.';
  return { ok: false, error: new Invalid('idempotency_key_reused', message).toWire() };
}
