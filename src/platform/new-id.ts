import { randomBytes, randomUUID } from 'node:crypto';

/** Twelve bits of the UUID count within a millisecond. */
const MAX_COUNT = 0xfff;

/**
 * Ids in the order in which they are made: time-ordered UUIDs (version 7 of RFC 9562).
 *
 * @param clock milliseconds since 1970
 */
export function makeIds(clock: () => number): () => string {
  let last = 0;
  let count = 0;
  return () => {
    const now = clock();
    if (now > last) {
      last = now;
      count = start();
    } else if (++count > MAX_COUNT) {
      last += 1;
      count = start();
    }
    const time = last.toString(16).padStart(12, '0');
    // What is random in one of version 4, behind its variant, is so here.
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, '0')}-${randomUUID().slice(19)}`;
  };
}

/** In the lower half, so that there is room to count; by chance, so that processes do not agree. */
const start = () => randomBytes(2).readUInt16BE() >> 5;

/**
 * An id for a row or a message: a UUID that begins with the time, so that an index grows at its end.
 *
 * @returns one that is greater, as text and in PostgreSQL, than all that this process has made before, within a millisecond
 *   and when the clock goes back as well; between processes the order is that of their clocks. It tells when it was made, and part
 *   of it can be guessed: for a token, a secret or a key of encryption take `randomBytes`
 * @example const letterId = newId();
 */
export const newId = makeIds(() => Date.now());
