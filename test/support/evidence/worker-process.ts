import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { before } from '../../../src/platform/messaging/context/deadline.js';
import type { Ground } from './ground.js';
import type { Request, Version } from './worker.js';

/** In which way a worker differs from the others. */
export interface Manner {
  /** Where its modules find their database. */
  urls?: ReadonlyMap<string, string>;
  version?: Version;
}

const WORKER_TIMEOUT_MS = 300_000;

const alive = new Set<WorkerProcess>();

/** A worker as a process of its own: it loads its code at once, and begins when it is told. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<unknown>;
  struck = false;
  /** The longest that a client has waited for an answer of it, in milliseconds. */
  longestMs = 0;

  constructor() {
    const args = process.env['EVIDENCE_LOG'] ? { LOG_LEVEL: process.env['EVIDENCE_LOG'] } : {};
    this.#child = fork(resolve('dist/test/support/evidence/worker.js'), {
      env: { PATH: process.env['PATH'] ?? '', ...args },
      execArgv: [],
    });
    this.#child.setMaxListeners(0);
    this.#child.on('message', (message) => (this.struck ||= message === 'struck'));
    this.#child.on('message', (message: { longestMs?: number }) => {
      this.longestMs = Math.max(this.longestMs, message.longestMs ?? 0);
    });
    this.ended = once(this.#child, 'exit').finally(() => alive.delete(this));
    alive.add(this);
  }

  async start({ database, poolers }: Ground, { urls = database.urls, version = 'present' }: Manner): Promise<void> {
    await this.ask({ do: 'start', adminUrl: database.adminUrl, urls: [...urls], poolers: [...poolers], version });
  }

  /** @throws Error when the process ends before it has done what it was asked, or does not do it for minutes */
  async ask(request: Request): Promise<void> {
    const late = () => new Error(`a worker has not done what it was asked, to ${request.do}, for minutes`);
    const done = await before(Date.now() + WORKER_TIMEOUT_MS, this.outlives(request), late);
    if (!done) throw new Error(`a worker ended when it was asked to ${request.do}`);
  }

  /** @returns whether it did what it was asked; `false` when it ended before */
  async outlives(request: Request): Promise<boolean> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return false;
    const done = new Promise<true>((tell) => {
      const listen = (message: unknown) => {
        if (message !== request.do) return;
        this.#child.off('message', listen);
        tell(true);
      };
      this.#child.on('message', listen);
    });
    this.#child.send(request, () => undefined);
    return await Promise.race([done, this.ended.then(() => false)]);
  }

  async stop(): Promise<void> {
    if (await this.outlives({ do: 'stop' })) await this.ended;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

export async function killWorkers(): Promise<void> {
  await Promise.all([...alive].map((worker) => worker.kill()));
}
