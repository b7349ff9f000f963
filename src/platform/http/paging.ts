import { z } from 'zod';
import { InvalidFields } from './problems/problem.js';

/**
 * The query of a paged list; extend it with filters.
 *
 * @example
 * const LettersQuery = PageQuery.extend({ to: z.string().optional() });
 */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(1000).optional(),
});

/**
 * One page of a list. `nextCursor` is absent on the last one.
 *
 * @example
 * @Answers(200, Page(Letter))
 */
export function Page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/**
 * A moment as PostgreSQL can read it: ISO 8601 in UTC, with at most six digits after the second, and no year 0.
 * @example const Position = z.object({ placedAt: Timestamp, id: z.uuid() })
 */
export const Timestamp = z.iso
  .datetime()
  .max('2026-01-02T03:04:05.678901Z'.length)
  .refine((at) => !at.startsWith('0000'), 'expected a year from 0001 on');

/**
 * Packs the position after which the next page begins, so that a client cannot mistake it for something to build on.
 *
 * @example
 * return { items, nextCursor: encodeCursor({ letterId: items.at(-1).letterId }) };
 */
export function encodeCursor(value: z.core.util.JSONType): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/**
 * Unpacks a cursor that came back.
 *
 * @example
 * const after = query.cursor ? decodeCursor(query.cursor, z.object({ letterId: z.uuid() })) : undefined;
 * @param schema what was packed
 * @throws Invalid `invalid_cursor`
 */
export function decodeCursor<T extends z.ZodType>(cursor: string, schema: T): z.output<T> {
  const parsed = schema.safeParse(unpacked(cursor));
  if (parsed.success) return parsed.data;
  const message = 'Invalid cursor: pass `nextCursor` of the previous page unchanged.';
  throw new InvalidFields('invalid_cursor', message, [{ field: 'cursor', message }]);
}

function unpacked(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
