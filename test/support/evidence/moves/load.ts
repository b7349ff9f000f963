import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../../../src/platform/testing/eventually.js';
import type { Ground } from '../ground.js';
import type { Verdict } from '../history.js';
import { isFlawless, judge, sum } from '../history.js';
import { isComplete } from '../runs.js';
import { WorkerProcess } from '../worker-process.js';
import { workload } from '../workload.js';

const WORKLOAD_TIMEOUT_MS = 90_000;
const STALLED_MS = 60_000;
/** Between two workloads: a slow copy must not make for ever more to judge. */
const PAUSE_MS = 300;

/** The application: a process that is at work, and one that takes over when it is killed. */
export class Application {
  #worker: Promise<WorkerProcess> | undefined;
  #spare = new WorkerProcess();

  /** @param urls the logins of both modules, each a list of both databases */
  constructor(
    private readonly ground: Ground,
    private readonly urls: ReadonlyMap<string, string>,
  ) {}

  worker(): Promise<WorkerProcess> {
    return (this.#worker ??= this.#another());
  }

  /** SIGKILL; another one takes over. */
  async kill(): Promise<void> {
    const worker = await this.worker();
    this.#worker = worker.kill().then(() => this.#another());
    await this.#worker;
  }

  async #another(): Promise<WorkerProcess> {
    const worker = this.#spare;
    this.#spare = new WorkerProcess();
    await worker.start(this.ground, { urls: this.urls });
    return worker;
  }
}

/** What came of all that was asked while a module moved. */
export interface Judged {
  verdict: Verdict;
  /** By workload and part, what is not flawless. */
  flaws: string[];
  /** That a command waited for its answer. */
  longestMs: number;
}

/** Load on the application: one workload after the other, each repeated with the same keys when the process was killed. */
export class MovingLoad {
  readonly #done: { run: string; seed: number }[] = [];
  #longestMs = 0;
  #over = false;
  readonly #going: Promise<void>;

  constructor(
    private readonly ground: Ground,
    private readonly application: Application,
    private readonly name: string,
    private readonly seed: number,
  ) {
    this.#going = this.#go();
    this.#going.catch(() => undefined);
  }

  /** The longest wait so far, when the workload that is under way has ended. */
  async measured(): Promise<number> {
    const begun = this.#done.length;
    await eventually(() => this.#done.length > begun, 'the workload that is under way', WORKLOAD_TIMEOUT_MS);
    return this.#longestMs;
  }

  /** Ends the load, and judges all of it when everything has come to its end. */
  async end(): Promise<Judged> {
    this.#over = true;
    await this.#going;
    await this.#quiet();
    const verdicts: Verdict[] = [];
    const flaws: string[] = [];
    for (const { run, seed } of this.#done)
      for (const [part, verdict] of judge(workload(run, seed), await this.ground.history(run))) {
        verdicts.push(verdict);
        if (!isFlawless(verdict)) flaws.push(`${run} ${part}: ${JSON.stringify(verdict)}`);
      }
    return { verdict: sum(verdicts), flaws, longestMs: this.#longestMs };
  }

  /** Everything has happened that is expected; or nothing has for so long that it is lost, however slow the machine is. */
  async #quiet(): Promise<void> {
    let last = { effects: -1, at: 0 };
    for (const { run, seed } of this.#done)
      while (!(await isComplete(this.ground, run, seed))) {
        const effects = await this.ground.effectsOf(`${this.name}-%`);
        if (effects > last.effects) last = { effects, at: performance.now() };
        if (performance.now() - last.at > STALLED_MS) return;
        await delay(50);
      }
  }

  async #go(): Promise<void> {
    for (let n = 0; !this.#over; n++) {
      const task = { run: `${this.name}-${n}`, seed: this.seed + n };
      this.#done.push(task);
      for (;;) {
        const worker = await this.application.worker();
        worker.longestMs = 0;
        const answered = await worker.outlives({ do: 'work', ...task });
        this.#longestMs = Math.max(this.#longestMs, worker.longestMs);
        if (answered) break;
      }
      await delay(PAUSE_MS);
    }
  }
}
