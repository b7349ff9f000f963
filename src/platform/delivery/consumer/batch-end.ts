import type { StoredMessage } from '../../transaction/message.js';

/** How far a batch has come that was ended before its last message. */
interface BatchEnd {
  /** The checkpoint. */
  upTo: number;
  /** Messages up to the checkpoint that are not handled: they go to the retry table. */
  skipped: readonly StoredMessage[];
}

/**
 * Where a batch ends of which some messages were left. Handled one after the other, it ends before the first that was
 * left; where keys were handled side by side, after the last that was handled.
 *
 * @param free what the handlers were given
 * @param left what of it they were not run for
 * @param behind what only waits, in the order of the feed
 * @param pageEnd where the page ends
 */
export function endOf(
  free: readonly StoredMessage[],
  left: readonly StoredMessage[],
  behind: readonly StoredMessage[],
  pageEnd: number,
): BatchEnd {
  if (left.length === 0) return { upTo: pageEnd, skipped: behind };
  const without = new Set(left);
  const handled = free.filter((message) => !without.has(message));
  const firstLeft = Math.min(...left.map(({ seq }) => seq));
  const upTo = Math.max(firstLeft - 1, ...handled.map(({ seq }) => seq));
  const skipped = [...behind, ...left].filter(({ seq }) => seq <= upTo);
  return { upTo, skipped: skipped.sort((a, b) => a.seq - b.seq) };
}
