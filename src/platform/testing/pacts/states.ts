import type { WireError } from '../../messaging/errors.js';
import type { Scenario } from '../scenario.js';

/** What a consumer expects when a module is in that state: what it says, and as much of the answer as it needs. */
export interface Given {
  /** What the module is asked; absent for an event. */
  readonly payload?: never;
  /** What it answers with, or the fields of an event. */
  readonly result?: never;
  /** What it refuses with. */
  readonly error?: Pick<WireError, 'code'> & Partial<WireError>;
}

/**
 * Brings a module into the states in which it does what its consumers expect, by their names:
 * `letters.find-letter.v1 answers`, `letters.find-letter.v1 refuses: letter_not_found`, `letters.letter-sent.v1 is published`.
 * The last brings it about that the event is published. Its own tables are empty before.
 *
 * @example
 * export const pactStates: PactStates = {
 *   'letters.find-letter.v1 answers': (scene, { payload, result }) => scene.execute(new WriteLetter({ ...payload, ...result })),
 *   'letters.find-letter.v1 refuses: letter_not_found': () => undefined,
 * };
 */
export type PactStates = Readonly<Record<string, (scene: Scenario, given: Given) => unknown>>;
