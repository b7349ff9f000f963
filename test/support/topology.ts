import type { Part } from '../../src/tools/rehearse/split.js';
import { split } from '../../src/tools/rehearse/split.js';
import type { HostEnv, HostProcess } from './host-process.js';
import { startHost } from './host-process.js';
import { Shop } from './shop.js';
import { ownEnv } from './stage.js';

export const MODULES = ['catalog', 'inventory', 'ordering', 'payments', 'storefront'] as const;
export type ModuleName = (typeof MODULES)[number];

/** The shop as several processes on one database. */
export class SplitShop {
  /** By the front door, which is the first part. */
  readonly shop: Shop;
  readonly #processes = new Map<Part, HostProcess>();

  private constructor(
    readonly parts: readonly Part[],
    private readonly env: HostEnv & { DATA_DIR: string },
  ) {
    this.shop = new Shop(parts[0]!.url, env.DATA_DIR);
  }

  /** @param groups which modules share a process, see {@link split} */
  static async start(groups: readonly (readonly string[])[], settings: HostEnv = {}): Promise<SplitShop> {
    const shop = new SplitShop(await split(groups, settings['SEAM_TLS_CERT'] ? 'https' : 'http'), {
      ...(await ownEnv()),
      ...settings,
    });
    // The first one makes the schemas; together they would queue for it.
    for (const part of shop.parts) await shop.#start(part);
    return shop;
  }

  /** The process in which a module runs. */
  process(module: ModuleName): HostProcess {
    return this.#processes.get(this.part(module))!;
  }

  part(module: ModuleName): Part {
    return this.parts.find(({ modules }) => modules.includes(module))!;
  }

  async kill(module: ModuleName): Promise<void> {
    const process = this.process(module);
    process.kill('SIGKILL');
    await process.stopped;
  }

  async restart(module: ModuleName): Promise<void> {
    await this.#start(this.part(module));
  }

  get dataDir(): string {
    return this.env.DATA_DIR;
  }

  async #start(part: Part): Promise<void> {
    this.#processes.set(part, await startHost({ ...this.env, ...part.env }));
  }
}
