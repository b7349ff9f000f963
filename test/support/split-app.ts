import type { Part } from '../../src/tools/rehearse/split.js';
import { split } from '../../src/tools/rehearse/split.js';
import { App } from './app.js';
import type { HostEnv, HostProcess } from './host-process.js';
import { startHost } from './host-process.js';
import { ownEnv } from './stage.js';

/** The application as several processes on one database. */
export class SplitApp {
  readonly #processes = new Map<Part, HostProcess>();

  private constructor(
    readonly parts: readonly Part[],
    private readonly env: HostEnv & { DATA_DIR: string },
  ) {}

  /** @param groups which modules share a process, see {@link split} */
  static async start(groups: readonly (readonly string[])[], settings: HostEnv = {}): Promise<SplitApp> {
    const parts = await split(groups, settings['SEAM_TLS_CERT'] ? 'https' : 'http');
    const app = new SplitApp(parts, { ...(await ownEnv()), ...settings });
    // The first one makes the schemas; together they would queue for it.
    for (const part of parts) await app.#start(part);
    return app;
  }

  /** By the front door, which is the first part. */
  get app(): App {
    return new App(this.parts[0]!.url, this.dataDir);
  }

  get dataDir(): string {
    return this.env.DATA_DIR;
  }

  /** The process in which a module runs. */
  process(module: string): HostProcess {
    return this.#processes.get(this.part(module))!;
  }

  part(module: string): Part {
    return this.parts.find(({ modules }) => modules.includes(module))!;
  }

  async kill(module: string): Promise<void> {
    const process = this.process(module);
    process.kill('SIGKILL');
    await process.stopped;
  }

  async restart(module: string): Promise<void> {
    await this.#start(this.part(module));
  }

  async #start(part: Part): Promise<void> {
    this.#processes.set(part, await startHost({ ...this.env, ...part.env }));
  }
}
