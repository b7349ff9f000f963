import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentMessage } from '../../messaging/context/context.js';
import type { MessageClass } from '../../messaging/define.js';
import { definitionOf } from '../../messaging/define.js';
import type { CommandResult } from '../../messaging/dispatcher.js';
import { DomainError } from '../../messaging/errors.js';

/** The folder that specs write down into what they script; nothing is written where it is not set. */
export const EXPECTATIONS = 'PACTS_EXPECTATIONS';

/** What a module relies on of a neighbour, as its specs script it. */
export interface Expectation {
  /** The module that relies on it. */
  readonly consumer: string;
  /** `asked`: over the seam; `sent`: a durable command; `heard`: an event. */
  readonly how: 'asked' | 'sent' | 'heard';
  /** Wire name. */
  readonly type: string;
  readonly payload: object;
  /** What a command or query is answered with. */
  readonly outcome?: CommandResult;
}

/** Checks what the scripts of a scenario answer, and writes it down where that is asked for. */
export class Expectations {
  readonly #all: Expectation[] = [];
  readonly #refused: string[] = [];
  readonly #folder = process.env[EXPECTATIONS];

  constructor(private readonly consumer: string) {}

  /** An event that the spec publishes in the name of a neighbour. */
  heard(event: object): void {
    const { name, module } = definitionOf(event)!;
    if (module !== this.consumer) this.#note({ how: 'heard', type: name, payload: event });
  }

  /**
   * Plays a neighbour that is asked something.
   * @returns what the script does
   */
  async answer(type: MessageClass, message: object, script: () => unknown): Promise<unknown> {
    // Only what was stored before knows when that was.
    const how = currentMessage()?.occurredAt === undefined ? 'asked' : 'sent';
    const note = (outcome: CommandResult) => {
      this.#refuse(type, outcome);
      this.#note({ how, type: type.definition.name, payload: message, outcome });
    };
    try {
      const result = await script();
      note({ ok: true, result: type.definition.result ? result : null });
      return result;
    } catch (error) {
      // What is no error of a contract is no answer: nobody promises it.
      if (error instanceof DomainError) note({ ok: false, error: error.toWire() });
      throw error;
    }
  }

  /**
   * Ends a scenario.
   * @throws Error where a script has answered with something that the contract refuses, whatever the module made of it
   */
  end(): void {
    if (this.#refused.length > 0) throw new Error(this.#refused[0]);
    if (this.#folder === undefined || this.#all.length === 0) return;
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, `${randomUUID()}.json`), JSON.stringify(this.#all));
  }

  #note(expectation: Omit<Expectation, 'consumer'>): void {
    if (this.#folder !== undefined) this.#all.push({ consumer: this.consumer, ...expectation });
  }

  #refuse({ definition: { name, result, errors } }: MessageClass, outcome: CommandResult): void {
    const schema = outcome.ok ? result : errors[outcome.error.code];
    const read = schema?.safeParse(outcome.ok ? outcome.result : outcome.error.details);
    if (read?.success || (outcome.ok && !schema)) return;
    const what = outcome.ok ? 'something' : `the error ${outcome.error.code}`;
    const why = read ? read.error.message : `it names ${Object.keys(errors).join(', ') || 'none'}`;
    this.#refused.push(`The spec answers ${name} with ${what} that the contract does not have: ${why}`);
  }
}
