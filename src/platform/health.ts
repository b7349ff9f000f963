import { Injectable } from '@nestjs/common';
import { oldestUndelivered } from './delivery/lag.js';
import { HealthSource } from './http/health.js';
import { Runtime } from './runtime.js';

/** The health of the modules in this process: their databases, and how old the oldest message is that waits for them. */
@Injectable()
export class RuntimeHealth extends HealthSource {
  constructor(private readonly runtime: Runtime) {
    super();
  }

  async check() {
    const modules = await Promise.all(this.runtime.contexts.map(({ name }) => this.#module(name)));
    return { ready: modules.every((module) => module.database === 'up'), modules };
  }

  async #module(name: string) {
    try {
      const oldestUndeliveredMs = await oldestUndelivered(this.runtime, name);
      return { name, database: 'up' as const, oldestUndeliveredMs };
    } catch (err) {
      this.runtime.log.warn({ err, module: name }, 'the database does not answer');
      return { name, database: 'down' as const, oldestUndeliveredMs: null };
    }
  }
}
