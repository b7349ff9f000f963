import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../../src/platform/testing/eventually.js';
import type { Ground } from './ground.js';
import type { Verdict } from './history.js';
import { isFlawless, jobsOf, judge, marksOf, sum, tokensOf } from './history.js';
import type { Moment } from './points.js';
import { POINTS } from './points.js';
import type { Strike } from './strike.js';
import { CONSUMERS } from './taking.js';
import type { Manner } from './worker-process.js';
import { WorkerProcess } from './worker-process.js';
import { random, workload } from './workload.js';

/** One run: what happens to it, and the seed that decides everything else. */
export interface Plan {
  /** The row of the table it counts in. */
  title: string;
  seed: number;
  happens: (stage: RunStage, plan: Plan) => Promise<boolean>;
}

export interface Result {
  title: string;
  run: string;
  seed: number;
  /** Whether it came to pass: the point was reached. */
  struck: boolean;
  verdict: Verdict;
  /** By part, those that are not flawless. */
  flaws: [string, Verdict][];
}

const RUN_TIMEOUT_MS = 60_000;

/** Where runs take place one after the other: a database, the worker of the moment, and one that has loaded its code. */
export class RunStage {
  #worker: WorkerProcess | undefined;
  #spare = new WorkerProcess();
  #runs = 0;
  #run = '';
  #done: { run: string; seed: number; title: string }[] = [];

  constructor(
    readonly ground: Ground,
    private readonly name: string,
  ) {}

  /** What the names of the run that takes place begin with. */
  get current(): string {
    return this.#run;
  }

  /** The worker that is at work. */
  async worker(): Promise<WorkerProcess> {
    return (this.#worker ??= await this.another());
  }

  /** One more worker, started; of the present version and with the database's own address, if nothing else is said. */
  async another(manner: Manner = {}): Promise<WorkerProcess> {
    const worker = this.#spare;
    this.#spare = new WorkerProcess();
    await worker.start(this.ground, manner);
    return worker;
  }

  /** The worker has died: the next one that is asked for is a new one. */
  bury(): void {
    this.#worker = undefined;
  }

  /** Lets it happen in the middle of the work, has all commands of the run repeated, and judges what there is then. */
  async run(plan: Plan): Promise<Result> {
    const run = `${this.name}${++this.#runs}`;
    const { title, seed } = plan;
    this.#run = run;
    const struck = await plan.happens(this, plan);
    await (await this.worker()).ask({ do: 'work', run, seed });
    await this.#quiet(run, seed);
    this.#done.push({ run, seed, title });
    return { title, run, seed, struck, ...(await this.#judge(run, seed)) };
  }

  /** What came after its run was judged, is found in the end. */
  async close(): Promise<Result[]> {
    await this.#worker?.stop();
    await this.#spare.kill();
    const results: Result[] = [];
    for (const { run, seed, title } of this.#done)
      results.push({ title, run, seed, struck: true, ...(await this.#judge(run, seed)) });
    return results.filter(({ verdict }) => !isFlawless(verdict));
  }

  /** Everything that is expected has happened; or has not for so long that it is lost. */
  async #quiet(run: string, seed: number): Promise<void> {
    await eventually(() => isComplete(this.ground, run, seed), 'the end of the run', RUN_TIMEOUT_MS).catch(
      () => undefined,
    );
  }

  async #judge(run: string, seed: number): Promise<{ verdict: Verdict; flaws: [string, Verdict][] }> {
    const verdicts = judge(workload(run, seed), await this.ground.history(run));
    const flaws = [...verdicts].filter(([, verdict]) => !isFlawless(verdict));
    return { verdict: sum([...verdicts.values()]), flaws };
  }
}

/** Whether as much has happened for a run as is expected. */
export async function isComplete(ground: Ground, run: string, seed: number): Promise<boolean> {
  const tasks = workload(run, seed);
  const reached = await ground.reached(run);
  const effects = tokensOf(tasks).length * CONSUMERS.length + marksOf(tasks).length;
  return reached.effects >= effects && reached.jobs >= jobsOf(tasks).length;
}

/** At which of the matching statements: the seed decides. */
export function strikeOf(point: string, moment: Moment, act: Strike['act'], seed: number): Strike {
  return { point, moment, act, n: 1 + Math.floor(random(seed + 2)() * POINTS[point]!.among) };
}

/** The process is killed at a point, and another one takes over. */
export function killedAt(point: string, moment: Moment): Plan['happens'] {
  return async (stage, { seed }) => {
    const worker = await stage.worker();
    const strike = strikeOf(point, moment, 'kill', seed);
    await worker.ask({ do: 'work', run: stage.current, seed, strike }).catch(() => undefined);
    const died = await Promise.race([worker.ended.then(() => true), delay(3000, false)]);
    // It would be struck at any moment of the next run.
    if (!died) await worker.kill();
    stage.bury();
    if (!POINTS[point]!.leased) await stage.ground.endLeases();
    return died;
  };
}

/** The connection is lost at a point; the process lives on. */
export function cutAt(point: string, moment: Moment): Plan['happens'] {
  return async (stage, { seed }) => {
    const worker = await stage.worker();
    worker.struck = false;
    await worker.ask({ do: 'work', run: stage.current, seed, strike: strikeOf(point, moment, 'cut', seed) });
    return await eventually(() => worker.struck, 'the cut', 3000).catch(() => false);
  };
}
