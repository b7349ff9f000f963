import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../../../../src/platform/testing/eventually.js';
import { createDatabase } from '../../../../src/platform/testing/database.js';
import { moduleUrl } from '../../../../src/platform/persistence/urls.js';
import { Ground } from '../ground.js';
import type { Verdict } from '../history.js';
import type { OwnServer } from '../server.js';
import { random } from '../workload.js';
import { MovingLoad } from './load.js';
import type { StepName, Told, Way } from './mover.js';
import { moving } from './mover.js';

export const VICTIMS = ['tool', 'application', 'source', 'target'] as const;
export const STEPS = ['prepare', 'following', 'switch', 'back', 'finish', 'abort'] as const;
export type Victim = (typeof VICTIMS)[number];
export type Step = (typeof STEPS)[number];

export interface MovePlan {
  step: Step;
  victim: Victim;
  module: Way['module'];
  seed: number;
}

export interface MoveResult extends MovePlan {
  /** Whether the step was not over yet when the kill came. */
  within: boolean;
  verdict: Verdict;
  /** By workload and part, what is not flawless. */
  flaws: string[];
  /** What every switch of the run has found. */
  reports: string[];
  longestMs: number;
}

const PATIENCE_MS = 120_000;
/** About as long as a step takes. */
const WITHIN_MS: Record<Step, number> = {
  prepare: 2500,
  following: 1000,
  switch: 900,
  back: 900,
  finish: 500,
  abort: 500,
};

/** Two servers, and a database on each of them: a module goes there and back while something is killed. */
export class MoveStage {
  #runs = 0;

  private constructor(
    private readonly servers: readonly [OwnServer, OwnServer],
    readonly ground: Ground,
    private readonly other: string,
  ) {}

  static async make(servers: readonly [OwnServer, OwnServer]): Promise<MoveStage> {
    return new MoveStage(servers, await Ground.make(), await createDatabase(servers[1].adminUrl));
  }

  /** The module is at the first server, before and after. */
  async run(plan: MovePlan): Promise<MoveResult> {
    const { step, module, seed } = plan;
    const { way, urls } = this.way(module);
    const load = new MovingLoad(this.ground, urls, `m${++this.#runs}`, seed);
    await load.ready();
    const reports: string[] = [];
    const walk = async (steps: readonly Step[], where = way) => {
      for (const each of steps) await completed(where, each, reports);
    };
    await walk(STEPS.slice(0, STEPS.indexOf(step === 'finish' ? 'back' : step === 'abort' ? 'switch' : step)));
    const within = await this.#strike(plan, way, load);
    await walk([step]);
    if (step === 'finish') {
      // It lives at the other one now: the same way, the other way round.
      const home: Way = { module, admins: [way.admins[1], way.admins[0]], logins: [way.logins[1], way.logins[0]] };
      await dropFormer(way);
      await walk(['prepare', 'following', 'switch', 'finish'], home);
      await dropFormer(home);
    } else if (step !== 'abort') {
      await walk([...(STEPS.indexOf(step) < 2 ? (['following', 'switch'] as const) : []), 'back', 'abort']);
    }
    return { ...plan, within, reports, ...(await load.end()) };
  }

  way(module: Way['module']): { way: Way; urls: Map<string, string> } {
    const { database } = this.ground;
    const admins = [database.adminUrl, this.other] as const;
    const logins = [database.urls.get(module)!, moduleUrl(this.other, module)] as const;
    const urls = new Map(database.urls).set(module, logins.join(' '));
    return { way: { module, admins, logins }, urls };
  }

  /** @returns whether the step was under way when the kill came */
  async #strike({ step, victim, seed }: MovePlan, way: Way, load: MovingLoad): Promise<boolean> {
    const afterMs = random(seed + 5)() * WITHIN_MS[step];
    if (victim === 'tool' && step !== 'following') return !(await killedTool(way, step, afterMs));
    let over = false;
    const doing = step === 'following' ? Promise.resolve() : attempted(way, step).then((done) => void (over = done));
    await delay(afterMs);
    const within = step === 'following' || !over;
    if (victim === 'application') await load.kill();
    if (victim === 'source') await this.servers[0].crash();
    if (victim === 'target') await this.servers[1].crash();
    await doing;
    return within;
  }
}

/** A tool in a process of its own that is killed. @returns whether it had done the step before */
export async function killedTool(way: Way, step: StepName, afterMs: number): Promise<boolean> {
  const { child, begun, told } = tool(way, step);
  await begun;
  const done = await Promise.race([told.then(() => true), delay(afterMs, false)]);
  child.kill('SIGKILL');
  return done;
}

/** Does a step in a process of its own. */
export function tool(way: Way, step: StepName) {
  const child = fork(resolve('dist/test/support/evidence/moves/mover.js'), {
    execArgv: [],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const begun = once(child, 'message');
  const told = begun.then(async ([first]: Told[]) =>
    first === 'begun' ? ((await once(child, 'message')) as [Told])[0] : first!,
  );
  told.catch(() => undefined);
  child.send({ way, step });
  return { child, begun, told };
}

const attempted = (way: Way, step: StepName) =>
  moving(way, async (cutover) => void (await cutover[step]())).then(
    () => true,
    () => false,
  );

/** Repeats a step until it is done, as a person does. */
async function completed(way: Way, step: Step, reports: string[]): Promise<void> {
  const attempt = () =>
    moving(way, async (cutover) => {
      if (step === 'following') return (await cutover.status()).copying?.length === 0;
      if (step === 'finish' && (await cutover.status()).step === 'none') return true;
      const result = await cutover[step]();
      if (typeof result === 'object') reports.push(result.report);
      return true;
    });
  await eventually(attempt, `${step} being done`, PATIENCE_MS);
}

async function dropFormer({ module, admins: [url] }: Way): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`DROP SCHEMA ${module}_moved CASCADE`);
  } finally {
    await client.end();
  }
}
