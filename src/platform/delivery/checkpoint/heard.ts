import type { ClientBase } from 'pg';
import { KEPT_BEHIND } from '../../schema/outbox-partitions.js';
import type { Share } from './share.js';

type Queryable = Pick<ClientBase, 'query'>;

/** Messages of a share that a consumer has heard: up to this position of the producer. */
export interface Heard extends Share {
  position: number;
}

/** What a producer knows of a consumer. */
export interface Known {
  /** What it had heard by its reports; `null` where it has never reported: it is new. */
  heard: Heard[] | null;
  /** The last position that the outbox has given away. */
  end: number;
  /** The position behind which the outbox keeps everything. Absent where the version of the producer does not tell. */
  kept?: number | undefined;
}

/** The position of a consumer that reads nothing of a producer any more. */
export const EVERYTHING_READ = '9223372036854775807';

/** Up to which position everything was heard: all shares of one division have come as far. */
export function heardThrough(heard: readonly Heard[]): number {
  const divisions = [...new Set(heard.map(({ of }) => of))];
  return Math.max(0, ...divisions.map((of) => throughIn(heard, of)));
}

function throughIn(heard: readonly Heard[], of: number): number {
  const parts = Array.from({ length: of }, (_, part) => heard.filter((each) => each.of === of && each.part === part));
  return Math.min(...parts.map((same) => Math.max(0, ...same.map(({ position }) => position))));
}

/**
 * Whether something was heard, as the producer knows it, of which the consumer's own tables know nothing. They never lose
 * any of it by themselves: a checkpoint that goes back, for a gained type, remembers what was handled beyond it.
 */
export function isMissing(known: readonly Heard[], here: readonly Heard[]): boolean {
  const through = heardThrough(here);
  const remembered = ({ part, of, position }: Heard) =>
    position <= through || here.some((each) => each.part === part && each.of === of && each.position >= position);
  return !known.every(remembered);
}

const ENTRY = `jsonb_build_object('part', part, 'of', "of", 'position', position)`;
const FARTHEST = (entries: string) => `
  coalesce((SELECT jsonb_agg(${ENTRY} ORDER BY "of", part)
     FROM (SELECT part, "of", max(position) AS position FROM (${entries}) every GROUP BY part, "of") farthest), '[]')`;

/** SQL: what the consumer of the row `p` of `consumer_progress` has heard of the producer `$1`. */
export const HEARD_OF_ROW = FARTHEST(`
  SELECT part, parts AS "of", position FROM consumer_progress o WHERE o.consumer = p.consumer AND o.producer = $1
   UNION ALL
  SELECT e.* FROM consumer_progress o, jsonb_to_recordset(o.passed) AS e (part int, "of" int, position bigint)
   WHERE o.consumer = p.consumer AND o.producer = $1`);

/** SQL: two lists of what was heard as one. It never goes back by itself: reports of a lost past change nothing. */
export const merged = (one: string, other: string) =>
  FARTHEST(`SELECT * FROM jsonb_to_recordset(${one} || ${other}) AS e (part int, "of" int, position bigint)`);

/** What its own tables say that a consumer has heard. @param names that it has or had */
export async function heardHere(client: Queryable, names: readonly string[], producer: string): Promise<Heard[]> {
  const text = `
    SELECT ${HEARD_OF_ROW} AS heard FROM consumer_progress p
     WHERE producer = $1
       AND consumer IN (SELECT unnest($2::text[]) UNION SELECT name FROM consumer_alias WHERE former = ANY ($2))
     LIMIT 1`;
  const { rows } = await client.query<{ heard: Heard[] }>(text, [producer, names]);
  return rows[0]?.heard ?? [];
}

/** What the producer knows that a consumer has heard. `client` is the producer's. @param names that it has or had */
export async function knownOf(client: Queryable, names: readonly string[]): Promise<Known> {
  const reported = `CASE WHEN position < ${EVERYTHING_READ}
                         THEN jsonb_build_array(jsonb_build_object('part', 0, 'of', 1, 'position', position)) ELSE '[]' END`;
  const text = `
    SELECT (SELECT jsonb_agg(entry) FROM (SELECT jsonb_array_elements(heard || ${reported}) AS entry
              FROM outbox_reader WHERE consumer = ANY ($1)) entries) AS heard,
           (SELECT CASE WHEN is_called THEN last_value ELSE 0 END::float8 FROM outbox_seq) AS end,
           ${KEPT_BEHIND} AS kept`;
  return (await client.query<Known>(text, [names])).rows[0]!;
}

/** Tells a producer that a consumer hears again what is beyond `position`. `client` is the producer's. */
export async function knowLess(client: Queryable, names: readonly string[], position: number): Promise<void> {
  const text = `
    UPDATE outbox_reader SET position = least(position, $2),
           heard = ${FARTHEST(`SELECT part, "of", least(position, $2::bigint) AS position
                                 FROM jsonb_to_recordset(heard) AS e (part int, "of" int, position bigint)`)}
     WHERE consumer = ANY ($1)`;
  await client.query(text, [names, position]);
}
