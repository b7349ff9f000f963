import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { eventually } from '../../platform/testing/eventually.js';
import type { Part } from './split.js';

const MAIN = 'dist/src/main.js';
const READY_MS = 60_000;

/** The processes of one rehearsal. */
export class Hosts {
  readonly #running = new Map<Part, ChildProcess>();

  /**
   * @param env what all of them have in common
   * @param signal ends them all, and none is started any more
   */
  constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => void this.killAll(), { once: true });
  }

  /** Starts one process and waits until it is ready. @throws Error with what it wrote when it ends instead */
  async start(part: Part): Promise<void> {
    this.signal.throwIfAborted();
    const { PATH, HOME, TMPDIR } = process.env;
    const env = { PATH, HOME, TMPDIR, ...this.env, ...part.env };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#running.set(part, child);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
    const name = `the process of ${part.modules.join(', ')}`;
    await eventually(() => hasEnded(child) || ready(part.url), `${name} being ready`, READY_MS);
    if (hasEnded(child)) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}: ${errors.trim()}`);
  }

  /** As a power failure would: no goodbye. */
  async kill(part: Part): Promise<void> {
    const child = this.#running.get(part);
    if (!child || hasEnded(child)) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((part) => this.kill(part)));
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
const ready = async (url: string) => (await fetch(`${url}/health/ready`)).ok;
