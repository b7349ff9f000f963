import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.js';
import { contextOptions } from './platform/bounded-context.js';
import { oldestUndelivered } from './platform/delivery/maintenance/lag.js';
import { onCrossing } from './platform/observability/crossings.js';
import type { Way } from './dev/pages/layout.js';
import type { MapFacts } from './dev/pages/map-page.js';
import { serveDevelopmentView } from './dev/pages/serve.js';
import { TraceStore } from './dev/pages/trace-store.js';
import { Traffic } from './dev/pages/traffic.js';
import { readSeamCost } from './dev/forecast/price.js';
import type { Logger } from './platform/observability/logging.js';
import { createLogger } from './platform/observability/logging.js';
import { Metrics } from './platform/observability/metrics.js';
import { startTracing } from './platform/observability/telemetry.js';
import { observe } from './platform/operations/gauges.js';
import { serveOperations } from './platform/operations/ops-door.js';
import type { Runtime } from './platform/runtime/runtime.js';

/** Logs, traces and numbers of one process, from its first line on. */
export class Telemetry {
  private constructor(
    readonly log: Logger,
    private readonly modules: readonly Type[],
    private readonly metrics: Metrics | undefined,
    /** What the development view shows; absent in production. */
    private readonly view: { store: TraceStore; traffic: Traffic } | undefined,
    private readonly ends: (() => unknown)[],
  ) {}

  static async start(config: Config, modules: readonly Type[]): Promise<Telemetry> {
    const { production, telemetry } = config;
    const view = production || telemetry.disabled ? undefined : { store: new TraceStore(), traffic: new Traffic() };
    const log = createLogger(config.log, view && ((line) => view.store.line(line)));
    const names = modules.map((module) => contextOptions(module)!.name);
    const endTracing = await startTracing({ ...telemetry, modules: names, also: view ? [view.store] : [] }, log);
    const outcomes = modules.flatMap((module) => contextOptions(module)!.outcomes ?? []);
    const metrics = await Metrics.start(telemetry, outcomes, log);
    const ends = [endTracing, () => metrics?.stop(), ...(view ? [onCrossing(view.traffic.note)] : [])];
    return new Telemetry(log, modules, metrics, view, ends);
  }

  /** Shows what there is to see of a process: to be called before it listens. */
  serve(app: NestFastifyApplication, runtime: Runtime): void {
    serveOperations(app, this.metrics);
    if (this.metrics) this.ends.push(observe(this.metrics.meter, runtime));
    if (!this.view) return;
    const { store, traffic } = this.view;
    runtime.onErased = () => store.clear();
    const modules = this.modules.map((module) => contextOptions(module)!.name);
    const facts = () => factsOf(modules, runtime, traffic);
    // The tools read sources, with packages that production does not have.
    const readiness = async (module: string | undefined) => {
      const { liveReport } = await import('./tools/readiness/live.js');
      return await liveReport(this.modules, store.list(), module);
    };
    serveDevelopmentView(app, {
      store,
      modules,
      facts,
      readiness: { report: readiness, cost: () => readSeamCost('.') },
    });
  }

  async stop(): Promise<void> {
    for (const end of this.ends.reverse()) await end();
  }
}

async function factsOf(modules: readonly string[], runtime: Runtime, traffic: Traffic): Promise<MapFacts> {
  const remotes = new Map([...runtime.remotes].map(([name, { peer }]) => [name, peer.url]));
  const here = [...runtime.running];
  const oldest = await Promise.all(here.map((module) => oldestUndelivered(runtime, module).catch(() => null)));
  const waiting = new Map(here.map((module, n) => [module, oldest[n]!]));
  return { modules, ways: await waysOf(modules, runtime), flows: traffic.flows(), remotes, waiting };
}

/** Who sends what to whom, as the manifests of the modules say, which the boundary gate holds against the code. */
async function waysOf(modules: readonly string[], { registry }: Runtime): Promise<Way[]> {
  const ways = new Map<string, Way>();
  for (const module of modules) {
    for (const name of await consumed(module)) {
      const definition = registry.classOf(name)?.definition;
      if (!definition || !modules.includes(definition.module)) continue;
      const events = definition.kind === 'event';
      const [from, to] = events ? [definition.module, module] : [module, definition.module];
      ways.set(`${from} ${to} ${events}`, { from, to, events });
    }
  }
  return [...ways.values()];
}

async function consumed(module: string): Promise<string[]> {
  const text = await readFile(join('modules', module, 'module.json'), 'utf8').catch(() => '{}');
  return Object.keys((JSON.parse(text) as { consumes?: object }).consumes ?? {});
}
