import type { ClientBase } from 'pg';
import { CodedError } from '../../coded-error.js';
import type { CheckpointKey } from '../checkpoint/progress.js';
import { OWN, own } from '../checkpoint/progress.js';

/**
 * A process that dies while it handles a message leaves no trace of that: everything is undone. So a mark is stored, by
 * itself, before what may be the cause: by each loop before the first batch after its start, and then, where such a mark
 * is found unfinished, before each message of that batch, which is handled alone.
 *
 * A mark is for one position: whoever gets beyond it has finished.
 */
export interface Mark {
  /** Whether a mark for this position was there: whoever set it did not get beyond it. */
  unfinished: boolean;
  /** How often a message was begun alone at this position, this time included. */
  times: number;
}

/** So often a message may be begun without an end: a process may die of something else. Then it counts as failed. */
export const MAX_UNFINISHED = 2;

/**
 * Marks that what follows on a position is handled now.
 * @param what a batch, or the next message alone
 * @returns `undefined` where the position is another one, or another replica is at it
 */
export async function markBegun(
  client: Pick<ClientBase, 'query'>,
  reader: Required<CheckpointKey>,
  position: number,
  what: 'batch' | 'message',
): Promise<Mark | undefined> {
  const { rows } = await client.query<Mark>({
    name: 'progress-begun',
    text: `WITH before AS (
             SELECT consumer, producer, part, parts, (begun->>'position')::bigint = position AS unfinished,
                    (begun->>'times')::int AS times
               FROM consumer_progress WHERE ${OWN} AND position = $5 FOR UPDATE SKIP LOCKED)
           UPDATE consumer_progress p
              SET begun = jsonb_build_object('position', p.position, 'times', $6 + CASE WHEN unfinished THEN times ELSE 0 END)
             FROM before b
            WHERE (p.consumer, p.producer, p.part, p.parts) = (b.consumer, b.producer, b.part, b.parts)
           RETURNING coalesce(unfinished, false) AS unfinished, (p.begun->>'times')::int AS times`,
    values: [...own(reader), position, what === 'message' ? 1 : 0],
  });
  return rows[0];
}

/** A message was begun several times by processes that did not live to end it. */
export class Unfinished extends CodedError {
  constructor(type: string, id: string, times: number) {
    super(
      'LIFTOUT_PROCESS_ENDED',
      `${times} times a process began to handle ${type}, message ${id}, and ended before it was done: it may be what ends ` +
        'them. See the log of that time for what was thrown outside of a handler, and the memory of the process.',
    );
  }
}
