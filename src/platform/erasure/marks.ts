import type { PersonalData } from '../messaging/plain/personal.js';

/** What is personal in the messages of a type, or in the state of a saga. */
export interface Mark extends PersonalData {
  /** Wire name of the message, or name of the saga. */
  readonly type: string;
}

/** Stands for the name of whoever acted, where that was the person. */
export const ERASED_ACTOR = 'erased';

/** The part of a statement that says what to replace. `$1` is the subject, `$2` the marks, `$3` their types. */
interface Redaction {
  /** SQL: whether there is anything to replace. */
  readonly found: string;
  /** SQL: the same with everything replaced. */
  readonly payload: string;
  readonly headers: string;
}

/** The values of `$1` to `$3`. */
export function redactionValues(subject: string, marks: readonly Mark[]): unknown[] {
  return [subject, JSON.stringify(marks), marks.map(({ type }) => type)];
}

/**
 * SQL that replaces the personal fields of one message; what was replaced before is not found again.
 * @param place SQL expressions: the message's type, payload and headers
 */
export function redactionOf({ type, payload, headers }: { type: string; payload: string; headers: string }): Redaction {
  const personal = replacementsIn(type, payload);
  const acted = `${headers} #>> '{actor,sub}' = $1`;
  return {
    found: `(${acted} OR (${type} = ANY ($3::text[]) AND ${personal} IS NOT NULL))`,
    payload: `(${payload} || coalesce(${personal}, '{}'))`,
    headers: `CASE WHEN ${acted} THEN jsonb_set(${headers}, '{actor,sub}', '"${ERASED_ACTOR}"') ELSE ${headers} END`,
  };
}

/** SQL: the replacements of those fields that are there and hold something else; null when there are none. */
export function replacementsIn(type: string, content: string): string {
  return `(SELECT jsonb_object_agg(field.key, field.value)
             FROM jsonb_to_recordset($2::jsonb) AS mark (type text, subject text, replacements jsonb),
                  jsonb_each(mark.replacements) field
            WHERE mark.type = ${type} AND ${content} ->> mark.subject = $1
              AND ${content} ? field.key AND ${content} -> field.key <> field.value)`;
}
