import { Ground } from './ground.js';
import { isFlawless } from './history.js';
import type { Plan, Result } from './runs.js';
import { RunStage } from './runs.js';

export interface Gathered {
  results: Result[];
  /** What the control consumer, which writes past its transaction, has done twice. */
  control: number;
}

export interface GatherOptions {
  /** So many databases, with workers of their own, side by side. */
  sideBySide: number;
  say: (line: string) => void;
  /** What was not begun after so many milliseconds is left out. */
  withinMs?: number;
  /** Makes such a database. */
  make?: () => Promise<Ground>;
}

const ATTEMPTS = 3;

/** Lets everything that is planned happen, and judges each run after it and all of them in the end. */
export async function gather(
  plans: readonly Plan[],
  { sideBySide, say, withinMs = Infinity, make = () => Ground.make() }: GatherOptions,
): Promise<Gathered> {
  const left = [...plans];
  const until = performance.now() + withinMs;
  const next = () => (performance.now() < until ? left.shift() : undefined);
  const gathered: Gathered = { results: [], control: 0 };
  const lane = async (name: string) => {
    const ground = await make();
    const stage = new RunStage(ground, name);
    for (let plan = next(); plan; plan = next()) gathered.results.push(await strike(stage, plan, say));
    gathered.results.push(...(await stage.close()));
    gathered.control += await ground.carelesslyDoubled();
    await ground.drop();
  };
  await Promise.all(Array.from({ length: Math.min(sideBySide, plans.length) }, (_, n) => lane(`${'abcdefgh'[n]}`)));
  return gathered;
}

/** A point that was not reached says nothing: it is tried again with the same seed. */
async function strike(stage: RunStage, plan: Plan, say: GatherOptions['say']): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const result = await stage.run(plan);
    say(lineOf(result));
    if (result.struck || attempt === ATTEMPTS || !isFlawless(result.verdict)) return result;
  }
}

function lineOf({ title, seed, struck, verdict, flaws }: Result): string {
  const mark = isFlawless(verdict) ? '✓' : '✗';
  const what = flaws.map(([part, flaw]) => `\n    ${part}: ${JSON.stringify(flaw)}`).join('');
  return `${mark} ${title} (seed ${seed})${struck ? '' : ': not reached'}${what}`;
}

/** Each scenario so many times, with seeds that follow each other; first all of them once, then all of them again. */
export function planned<S extends Pick<Plan, 'title' | 'happens'>>(
  scenarios: readonly S[],
  times: number,
  seed: number,
): Plan[] {
  const turn = (nth: number) =>
    scenarios.map(({ title, happens }, index) => ({ title, happens, seed: seed + index * times + nth }));
  return Array.from({ length: times }, (_, nth) => turn(nth)).flat();
}
