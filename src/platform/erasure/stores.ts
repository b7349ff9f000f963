import { ERASED } from '../messaging/errors.js';
import { ERASED_ACTOR, redactionOf, replacementsIn } from './marks.js';

/** A table of the platform besides the outbox, and how it is redacted. SQL; `$1` to `$3` as in `marks.ts`. */
export interface Store {
  readonly table: string;
  readonly found: string;
  readonly set: string;
  /** Whether `$1` is the hash of the subject. */
  readonly byHash?: true;
}

const parked = redactionOf({
  type: `message ->> 'type'`,
  payload: `(message -> 'payload')`,
  headers: `(message -> 'headers')`,
});
const delayed = redactionOf({ type: 'type', payload: 'payload', headers: 'headers' });
const shelved = redactionOf({
  type: 'type',
  payload: `(parked #> '{message,payload}')`,
  headers: `(parked #> '{message,headers}')`,
});

/** Errors may quote what they failed at. */
const withoutErrors = (list: string) =>
  `(SELECT coalesce(jsonb_agg(CASE WHEN entry ? 'error' THEN entry || '{"error": "erased"}' ELSE entry END ORDER BY place), '[]')
      FROM jsonb_array_elements(${list}) WITH ORDINALITY AS all_of (entry, place))`;

const outcome = JSON.stringify({ ok: false, error: ERASED }).replaceAll("'", "''");

export const STORES: readonly Store[] = [
  {
    table: 'parked_message',
    found: parked.found,
    set: `message = message || jsonb_build_object('payload', ${parked.payload}, 'headers', ${parked.headers}),
          errors = ${withoutErrors('errors')}, waiting_for = CASE WHEN waiting_for IS NOT NULL THEN 'erased' END`,
  },
  { table: 'delayed_command', found: delayed.found, set: `payload = ${delayed.payload}, headers = ${delayed.headers}` },
  {
    table: 'shelved_message',
    found: shelved.found,
    set: `parked = parked || jsonb_build_object('errors', ${withoutErrors(`(parked -> 'errors')`)},
                     'message', (parked -> 'message')
                       || jsonb_build_object('payload', ${shelved.payload}, 'headers', ${shelved.headers}))`,
  },
  {
    // Before the sagas, of which a state that was redacted says the person no more.
    table: 'named_timeout',
    found: `error <> 'erased' AND EXISTS (
              SELECT FROM saga s WHERE s.saga = named_timeout.saga AND s.id = named_timeout.id AND s.saga = ANY ($3::text[])
                 AND ${replacementsIn('s.saga', 's.state')} IS NOT NULL)`,
    set: `error = 'erased'`,
  },
  {
    table: 'saga',
    found: `saga = ANY ($3::text[]) AND ${replacementsIn('saga', 'state')} IS NOT NULL`,
    set: `state = state || ${replacementsIn('saga', 'state')}, timeline = ${withoutErrors('timeline')},
          timeout_error = CASE WHEN timeout_error IS NOT NULL THEN 'erased' END`,
  },
  {
    table: 'command_outcome',
    found: 'subject = $1',
    // A version that does not know such a record takes it for one of another content, and refuses the command.
    set: `fingerprint = 'erased', content = NULL, subject = NULL, outcome = '${outcome}'`,
    byHash: true,
  },
  {
    table: 'operator_action',
    found: `by_whom = $1 AND $2::jsonb IS NOT NULL AND $3::text[] IS NOT NULL`,
    set: `by_whom = '${ERASED_ACTOR}'`,
  },
];
