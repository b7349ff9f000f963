import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../../../../src/platform/testing/eventually.js';
import { createDatabase } from '../../../../src/platform/testing/database.js';
import { moduleUrl } from '../../../../src/platform/connection/urls.js';
import { Ground } from '../ground.js';
import type { OwnServer } from '../server.js';
import { random } from '../workload.js';
import type { Judged } from './load.js';
import { Application, MovingLoad } from './load.js';
import type { StepName, Told, Way } from './mover.js';
import { moving } from './mover.js';

export const VICTIMS = ['tool', 'application', 'source', 'target'] as const;
export const STEPS = ['prepare', 'following', 'switch', 'back', 'finish', 'abort'] as const;
export type Victim = (typeof VICTIMS)[number];
export type Step = (typeof STEPS)[number];

export interface MovePlan {
  module: Way['module'];
  /** `finish`: it stays there, and goes the same way back. */
  ending: 'abort' | 'finish';
  seed: number;
  /** Who is killed in the first step; in each further one it is the next. */
  first: number;
}

/** Something was killed in a step. */
export interface Strike {
  step: Step;
  victim: Victim;
  /** Whether the step was not over yet when the kill came. */
  within: boolean;
}

export interface MoveResult extends MovePlan, Judged {
  strikes: Strike[];
  /** What every switch of the run has found. */
  reports: string[];
}

/** The first copy waits for every transaction that is under way, table by table. */
const STEP_TIMEOUT_MS = 600_000;
/** About as long as a step takes. */
const WITHIN_MS: Record<Step, number> = {
  prepare: 2500,
  following: 1000,
  switch: 900,
  back: 900,
  finish: 500,
  abort: 500,
};

/** Two servers, and a database on each of them: a module goes there and back while something is killed in each step. */
export class MoveStage {
  readonly application: Application;
  #runs = 0;

  private constructor(
    private readonly servers: readonly [OwnServer, OwnServer],
    readonly ground: Ground,
    private readonly other: string,
  ) {
    const both = [...ground.database.urls].map(([name, url]) => [name, `${url} ${moduleUrl(other, name)}`] as const);
    this.application = new Application(ground, new Map(both));
  }

  static async make(servers: readonly [OwnServer, OwnServer]): Promise<MoveStage> {
    return new MoveStage(servers, await Ground.make(), await createDatabase(servers[1].adminUrl));
  }

  /** The module is at the first server, before and after. */
  async run(plan: MovePlan): Promise<MoveResult> {
    await this.application.worker();
    const load = new MovingLoad(this.ground, this.application, `m${++this.#runs}`, plan.seed);
    const strikes: Strike[] = [];
    const reports: string[] = [];
    const next = random(plan.seed + 5);
    const walk = async (steps: readonly Step[], way: Way, servers: readonly OwnServer[]) => {
      for (const step of steps) {
        // Nothing runs in the tool while it is waited for that the other side follows.
        const victims = VICTIMS.filter((victim) => victim !== 'tool' || step !== 'following');
        const victim = victims[(plan.first + strikes.length) % victims.length]!;
        const within = await this.#strike({ step, victim, afterMs: next() * WITHIN_MS[step] }, way, servers);
        strikes.push({ step, victim, within });
        await completed(way, step, reports);
      }
    };
    const out = this.way(plan.module);
    if (plan.ending === 'abort') {
      await walk(['prepare', 'following', 'switch', 'following', 'back', 'abort'], out, this.servers);
    } else {
      // It lives at the other one then: the same way, the other way round.
      const home: Way = { ...out, admins: [out.admins[1], out.admins[0]], logins: [out.logins[1], out.logins[0]] };
      for (const [way, servers] of [[out, this.servers] as const, [home, [...this.servers].reverse()] as const]) {
        await walk(['prepare', 'following', 'switch', 'finish'], way, servers);
        await dropFormer(way);
      }
      // The migrations do not make it.
      await this.ground.index();
    }
    return { ...plan, strikes, reports, ...(await load.end()) };
  }

  way(module: Way['module']): Way {
    const { database } = this.ground;
    const logins = [database.urls.get(module)!, moduleUrl(this.other, module)] as const;
    return { module, admins: [database.adminUrl, this.other], logins };
  }

  /** @returns whether the step was under way when the kill came */
  async #strike(
    what: { step: Step; victim: Victim; afterMs: number },
    way: Way,
    servers: readonly OwnServer[],
  ): Promise<boolean> {
    const { step, victim, afterMs } = what;
    if (victim === 'tool' && step !== 'following') return !(await killedTool(way, step, afterMs));
    let over = false;
    const doing = step === 'following' ? Promise.resolve() : attempted(way, step).then((done) => void (over = done));
    await delay(afterMs);
    const within = step === 'following' || !over;
    if (victim === 'application') await this.application.kill();
    if (victim === 'source') await servers[0]!.crash();
    if (victim === 'target') await servers[1]!.crash();
    await doing;
    return within;
  }
}

/** A tool in a process of its own that is killed. @returns whether it had done the step before */
async function killedTool(way: Way, step: StepName, afterMs: number): Promise<boolean> {
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
  await eventually(attempt, `${step} being done`, STEP_TIMEOUT_MS);
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
