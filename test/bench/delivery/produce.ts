import { setTimeout as delay } from 'node:timers/promises';
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

/** How many transactions a second are begun where the pace is given. */
export const PER_SECOND = 200;

/**
 * Begins so many transactions one after the other at a steady pace, whether the last has ended or not.
 * @returns when each was begun: milliseconds of a clock that all processes of the machine share
 */
export async function steadily(side: Producing, transactions: number): Promise<number[]> {
  const first = sharedNow();
  const running: Promise<void>[] = [];
  const begun: number[] = [];
  for (let number = 0; number < transactions; number++) {
    await delay(first + (number * 1000) / PER_SECOND - sharedNow());
    begun.push(sharedNow());
    running.push(side.post(newPosting(number)));
  }
  await Promise.all(running);
  return begun;
}

/** Milliseconds of the monotonic clock of the machine. */
export const sharedNow = () => Number(process.hrtime.bigint()) / 1e6;

/** So many messages, numbered from 0. */
export function postings(messages: number): Posting[] {
  return Array.from({ length: messages }, (_, n) => newPosting(n));
}
