import { Injectable } from '@nestjs/common';
import { oldestUndelivered } from '../delivery/maintenance/lag.js';
import { whyRewound } from '../delivery/checkpoint/start-guard.js';
import { HealthSource } from '../http/health.js';
import { Runtime } from './runtime.js';
import type { SeamClient } from '../transport/seam/seam-client.js';

/** The health of the modules in this process: their databases, and how old the oldest message is that waits for them. */
@Injectable()
export class RuntimeHealth extends HealthSource {
  constructor(private readonly runtime: Runtime) {
    super();
  }

  async check() {
    const { contexts, remotes } = this.runtime;
    const modules = await Promise.all(
      contexts.map(({ name }) => {
        const client = remotes.get(name);
        return client ? this.#remote(client) : this.#module(name);
      }),
    );
    // A module that is away does not make this process useless: what does not need it works.
    return { ready: modules.every((module) => module.database !== 'down'), modules };
  }

  async #remote(client: SeamClient) {
    const { module: name, url: remote } = client.peer;
    return { name, database: 'remote' as const, remote, reachable: await client.answers(), oldestUndeliveredMs: null };
  }

  /** What is left out where everything runs. Whatever does not need these consumers works: it is no reason not to be ready. */
  #stopped(module: string) {
    const guards = [...this.runtime.guards.values()].filter(({ consumerName }) =>
      consumerName.startsWith(`${module}.`),
    );
    const stopped = guards.flatMap(({ rewound }) =>
      rewound.map((each) => ({ consumer: each.consumer, reason: whyRewound(each) })),
    );
    return stopped.length > 0 && { stopped };
  }

  async #module(name: string) {
    try {
      const oldestUndeliveredMs = await oldestUndelivered(this.runtime, name);
      return { name, database: 'up' as const, oldestUndeliveredMs, ...this.#stopped(name) };
    } catch (err) {
      this.runtime.log.warn({ err, module: name }, 'the database does not answer');
      return { name, database: 'down' as const, oldestUndeliveredMs: null };
    }
  }
}
