import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { eventually } from '../../platform/testing/eventually.js';
import { freePorts } from './split.js';

const INSTALL = `nats-server is not installed, or not in PATH: a real broker is needed. Install it (Debian, Ubuntu: apt-get install nats-server; macOS: brew install nats-server; else https://github.com/nats-io/nats-server/releases).`;

/** A broker of one's own, whose files outlive it. */
export class Broker {
  #child: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly folder: string,
  ) {}

  /** @param folder where its streams are kept */
  static async at(folder: string): Promise<Broker> {
    const [port] = await freePorts(1);
    return new Broker(port!, folder);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get env(): Readonly<Record<string, string>> {
    return { EVENTS: 'nats', NATS_URL: this.url };
  }

  /** @throws Error that says how to install it where it is missing */
  async start(): Promise<void> {
    const options = ['-js', '-sd', this.folder, '-a', '127.0.0.1', '-p', String(this.port)];
    const path = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;
    const child = spawn('nats-server', options, { stdio: 'ignore', env: { ...process.env, PATH: path } });
    let missing = false;
    child.once('error', () => (missing = true));
    this.#child = child;
    await eventually(() => missing || answers(this.port), 'the broker being ready', 20_000);
    if (missing) throw new Error(INSTALL);
  }

  /** As a crash would: nothing is written any more. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child?.pid) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = new Socket();
  try {
    socket.connect(port, '127.0.0.1');
    return await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
