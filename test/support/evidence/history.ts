import type { Task } from './workload.js';
import { markOf, timesOf, tokenOf } from './workload.js';

/** Something that happened for the version of a thing, or the step of a job, known by its token. */
export interface Entry {
  thing: string;
  version: number;
  token: string;
}

/** All that a run left behind, each list in the order in which it came to be. */
export interface History {
  /** The versions that the producer's things have reached. */
  things: { thing: string; version: number }[];
  outbox: Entry[];
  /** By consumer. */
  effects: ReadonlyMap<string, Entry[]>;
  steps: { job: string; step: number }[];
  /** What sagas asked of their own module, once for each job. */
  ends: { job: string }[];
  jobsDone: string[];
  /** Tokens; one for each time the outside was called. */
  calls: string[];
}

export interface Verdict {
  lost: number;
  doubled: number;
  /** Came before an earlier version of the same thing. */
  reordered: number;
  /** Of transactions that were rolled back, or of nothing at all. */
  unfounded: number;
}

/** The consumer that knows marks as well. */
export const MARKING = 'marking';
export const STEPS = [1, 2, 3];
const FLAWLESS: Verdict = { lost: 0, doubled: 0, reordered: 0, unfounded: 0 };

export const isFlawless = (verdict: Verdict) => Object.values(verdict).every((count) => count === 0);

export function sum(verdicts: readonly Verdict[]): Verdict {
  const total = { ...FLAWLESS };
  for (const verdict of verdicts)
    for (const flaw of Object.keys(total) as (keyof Verdict)[]) total[flaw] += verdict[flaw];
  return total;
}

/** The tokens that commands which were not rolled back have given out. */
export function tokensOf(tasks: readonly Task[]): string[] {
  return tasks.flatMap((task) => {
    if (task.kind === 'begin' || task.mood === 'fault' || task.mood === 'refused') return [];
    return Array.from({ length: timesOf(task.mood) }, (_, time) => tokenOf(task.token, time + 1));
  });
}

/** The tokens of the marks that stand beside them. */
export const marksOf = (tasks: readonly Task[]) =>
  tokensOf(tasks)
    .filter((token) => token.endsWith('#2'))
    .map(markOf);

export const jobsOf = (tasks: readonly Task[]) => tasks.flatMap((task) => (task.kind === 'begin' ? [task.job] : []));

/** Judges a whole history: by part, so that one sees where it went wrong. */
export function judge(tasks: readonly Task[], history: History): Map<string, Verdict> {
  const tokens = tokensOf(tasks);
  const jobs = jobsOf(tasks);
  const taken = history.steps.map(({ job, step }) => ({ thing: job, version: step, token: `${job} ${step}` }));
  const verdicts = new Map([
    ['outbox', inOrder(tokens, history.outbox)],
    [
      'steps',
      inOrder(
        jobs.flatMap((job) => STEPS.map((step) => `${job} ${step}`)),
        taken,
      ),
    ],
    [
      'ends',
      sameSet(
        jobs,
        history.ends.map(({ job }) => job),
      ),
    ],
    ['sagas', sameSet(jobs, history.jobsDone)],
    ['calls', { ...sameSet(tokens, [...new Set(history.calls)]), doubled: 0 }],
    ['state', stateOf(history)],
  ]);
  for (const [consumer, effects] of history.effects) {
    const expected = consumer === MARKING ? [...tokens, ...marksOf(tasks)] : tokens;
    verdicts.set(consumer, inOrder(expected, effects));
  }
  return verdicts;
}

/** Each token once, and the versions of a thing in order. */
export function inOrder(tokens: readonly string[], entries: readonly Entry[]): Verdict {
  const verdict = sameSet(
    tokens,
    entries.map((entry) => entry.token),
  );
  const highest = new Map<string, number>();
  for (const { thing, version } of entries) {
    const before = highest.get(thing) ?? 0;
    if (version < before) verdict.reordered++;
    highest.set(thing, Math.max(before, version));
  }
  return verdict;
}

function sameSet(expected: readonly string[], seen: readonly string[]): Verdict {
  const left = new Set(expected);
  const known = new Set(expected);
  const verdict = { ...FLAWLESS };
  for (const one of seen) {
    if (!known.has(one)) verdict.unfounded++;
    else if (!left.delete(one)) verdict.doubled++;
  }
  return { ...verdict, lost: left.size };
}

/** The state says as much as the outbox, and the outbox counts as the state does: 1, 2, 3 … */
function stateOf({ things, outbox }: History): Verdict {
  const verdict = { ...FLAWLESS };
  const reached = new Map(things.map(({ thing, version }) => [thing, version]));
  for (const [thing, said] of grouped(outbox)) {
    const versions = new Set(said.map((entry) => entry.version));
    const last = reached.get(thing) ?? 0;
    for (let version = 1; version <= last; version++) if (!versions.delete(version)) verdict.lost++;
    verdict.unfounded += versions.size;
  }
  return verdict;
}

function grouped(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) groups.set(entry.thing, [...(groups.get(entry.thing) ?? []), entry]);
  return groups;
}
