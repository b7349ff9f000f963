import { setTimeout as delay } from 'node:timers/promises';
import { notify } from '../../../src/platform/delivery/feed/outbox-watch.js';
import type { Ground } from './ground.js';
import type { Verdict } from './history.js';
import { inOrder, sum } from './history.js';
import { NAIVE, NaiveReader } from './naive.js';
import type { RunStage } from './runs.js';
import { CONSUMERS } from './taking.js';
import { random } from './workload.js';
import type { Written } from './writers.js';
import { write } from './writers.js';

export interface Contest extends Written {
  seed: number;
  /** How often the process that delivers was killed meanwhile. */
  kills: number;
  /** What the six consumers heard. */
  ours: Verdict;
  naive: Map<string, Verdict>;
}

export interface ContestOptions {
  seed: number;
  /** Transactions of each writer. */
  each: number;
  kills: number;
}

/** What has not come when nothing has come for so long is lost; until then it is late. */
const STALLED_MS = 30_000;

/**
 * Sixteen writers with long transactions among them; our consumers, whose process is killed again and again, and the naive
 * readers, which nobody disturbs, hear the same outbox.
 */
export async function contest(stage: RunStage, { seed, each, kills }: ContestOptions): Promise<Contest> {
  const run = `w${seed}`;
  const url = stage.ground.database.urls.get('making')!;
  const readers = Object.entries(NAIVE).map(([name, condition]) => ({ name, reader: new NaiveReader(url, condition) }));
  await Promise.all(readers.map(({ reader }) => reader.start()));
  await stage.worker();
  const writing = write(url, run, seed, each);
  await killMeanwhile(stage, seed, kills);
  const written = await writing;
  const naive = new Map<string, Verdict>();
  for (const { name, reader } of readers) naive.set(name, inOrder(written.tokens, ofRun(run, await reader.end())));
  return { seed, kills, ...written, naive, ours: await oursOf(stage.ground, run, written.tokens) };
}

async function killMeanwhile(stage: RunStage, seed: number, kills: number): Promise<void> {
  const next = random(seed);
  for (let killed = 0; killed < kills; killed++) {
    await delay(200 + next() * 400);
    await (await stage.worker()).kill();
    stage.bury();
    await stage.ground.endLeases();
    await stage.worker();
  }
}

async function oursOf(ground: Ground, run: string, tokens: readonly string[]): Promise<Verdict> {
  await notify({ query: (text: string, values: unknown[]) => ground.sql(text, values) } as never, 'making');
  await untilHeard(ground, run, tokens.length * CONSUMERS.length);
  const { effects } = await ground.history(run);
  return sum([...effects.values()].map((heard) => inOrder(tokens, heard)));
}

async function untilHeard(ground: Ground, run: string, all: number): Promise<void> {
  let last = { effects: -1, at: 0 };
  for (;;) {
    const { effects } = await ground.reached(run);
    if (effects > last.effects) last = { effects, at: performance.now() };
    if (effects >= all || performance.now() - last.at > STALLED_MS) return;
    await delay(50);
  }
}

const ofRun = <E extends { thing: string }>(run: string, entries: readonly E[]) =>
  entries.filter(({ thing }) => thing.startsWith(`${run}/`));
