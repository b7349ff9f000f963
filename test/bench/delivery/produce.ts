import type { Posting } from '../ledger.js';
import { newPosting } from '../ledger.js';
import type { Producing } from '../side.js';

export const PRODUCERS = 16;

/**
 * Sixteen producers write so many transactions, each the next when its last has committed.
 * @returns transactions per second
 */
export async function produce(side: Producing, transactions: number, silent = false): Promise<number> {
  const began = performance.now();
  const numbers = Array.from({ length: transactions }, (_, n) => n).values();
  const producer = async () => {
    for (const number of numbers) await side.post(newPosting(number), silent);
  };
  await Promise.all(Array.from({ length: PRODUCERS }, producer));
  return transactions / ((performance.now() - began) / 1000);
}

/** So many messages, numbered from 0. */
export function postings(messages: number): Posting[] {
  return Array.from({ length: messages }, (_, n) => newPosting(n));
}
