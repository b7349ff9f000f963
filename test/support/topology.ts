import type { HostEnv, HostProcess } from './host-process.js';
import { Shop } from './shop.js';
import { SplitApp } from './split-app.js';

export const MODULES = ['catalog', 'inventory', 'ordering', 'payments', 'storefront'] as const;
export type ModuleName = (typeof MODULES)[number];

/** The shop as several processes on one database. */
export class SplitShop {
  private constructor(private readonly split: SplitApp) {}

  /** @see SplitApp.start */
  static async start(groups: readonly (readonly string[])[], settings: HostEnv = {}): Promise<SplitShop> {
    return new SplitShop(await SplitApp.start(groups, settings));
  }

  /** By the front door. */
  get shop(): Shop {
    return new Shop(this.parts[0]!.url, this.dataDir);
  }

  get parts() {
    return this.split.parts;
  }

  get dataDir(): string {
    return this.split.dataDir;
  }

  /** The process in which a module runs. */
  process(module: ModuleName): HostProcess {
    return this.split.process(module);
  }

  part(module: ModuleName) {
    return this.split.part(module);
  }

  async kill(module: ModuleName): Promise<void> {
    await this.split.kill(module);
  }

  async restart(module: ModuleName): Promise<void> {
    await this.split.restart(module);
  }
}
