import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { joinEmbedded } from '../../dev/postgres/embedded.js';
import { modules } from '../../modules.js';
import { specsEnvOf } from '../../platform/testing/wiring.js';
import { seeded } from '../../platform/transport/fault-injection/seeded.js';
import type { Verdict } from './acceptance.js';
import { acceptance } from './acceptance.js';
import type { Events, OwnBroker } from './brokers.js';
import { brokerFor } from './brokers.js';
import { Hosts } from './hosts.js';
import { Moving } from './moving.js';
import type { Part } from './split.js';
import { groupsOf, split } from './split.js';

/** One way to run the application while the suite asks it. */
export interface Stage {
  title: string;
  /** Whose rehearsal it is a part of; absent for those of the whole. */
  module?: string;
  /** @param signal ends it early; its processes and files are cleared away all the same */
  run(signal: AbortSignal): Promise<Verdict>;
}

export interface StageOptions {
  /** Every module. */
  all: readonly string[];
  events: Events;
  /** Regular expression for the files of the suite; all by default. */
  files?: string | undefined;
}

/** Longer than what a process does takes that is away again and again, also on a busy machine. */
const STAGE_TIMEOUT_MS = 60_000;

/** Everything in one process, as it is. */
export function together({ all, files }: StageOptions): Stage {
  return { title: 'one process', run: (signal) => suite([all], { files, signal }) };
}

/** One process, in which the seams of a module are made as bad as they may ever be. */
export function rehearsed(module: string, seed: number, { all, files }: StageOptions): Stage {
  const common = { REHEARSE: module, REHEARSE_SEED: String(seed) };
  const title = `${module}: one process, its seams slow and lossy`;
  return { title, module, run: (signal) => suite([all], { common, files, signal }) };
}

/** A module in a process of its own; `all` for every module in one. */
export function outside(module: string, { all, ...options }: StageOptions): Stage {
  const what = module === 'all' ? 'every module' : `${module}:`;
  const title = `${what} in a process of its own, events by ${options.events}`;
  const own = module === 'all' ? {} : { module };
  return { title, ...own, run: (signal) => suite(groupsOf(all, module), { ...options, signal }) };
}

/** The same, while its process, and the broker where there is one, are killed and restarted. */
export function killed(module: string, seed: number, options: StageOptions): Stage {
  const { title } = outside(module, options);
  const run = (signal: AbortSignal) => suite(groupsOf(options.all, module), { ...options, signal, seed });
  return { title: `${title}, killed and restarted`, module, run };
}

/** The same, while its data moves to another server and back, again and again, and something is killed in each step. */
export function moved(module: string, seed: number, options: StageOptions): Stage {
  const { title } = outside(module, options);
  const beside: Options['beside'] = (dataDir, adminUrl) => Moving.beside(module, dataDir, adminUrl, seed);
  const run = (signal: AbortSignal) => suite(groupsOf(options.all, module), { ...options, signal, beside });
  return { title: `${title}, its data moved there and back`, module, run };
}

interface Options extends Partial<Pick<StageOptions, 'events' | 'files'>> {
  common?: Record<string, string>;
  signal: AbortSignal;
  /** Decides when what is killed; nothing is without it. */
  seed?: number;
  /** Where the data of a module moves meanwhile. */
  beside?: (dataDir: string, adminUrl: string) => Promise<Moving>;
}

/** The variables that modules require: as they are in this environment, else as in specs. */
function ofModules(): Record<string, string> {
  const variables = Object.entries(specsEnvOf(modules));
  return Object.fromEntries(variables.map(([name, text]) => [name, process.env[name] || text!]));
}

async function suite(groups: readonly (readonly string[])[], options: Options): Promise<Verdict> {
  const { common, events, files, signal, seed, beside } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'liftout-rehearsal-'));
  const database = await joinEmbedded(dataDir, { fsync: false });
  const broker = await brokerFor(events ?? 'feed', join(dataDir, 'broker'));
  const quiet = { DATA_DIR: dataDir, RATE_LIMIT: 'off', LOG_LEVEL: 'error', LOG_FORMAT: 'json' };
  const parts = await split(groups);
  const moving = await beside?.(dataDir, database.adminUrl);
  const hosts = new Hosts({ ...ofModules(), ...quiet, ...broker?.env, ...common, ...moving?.env }, signal);
  try {
    await broker?.start();
    for (const part of parts) await hosts.start(part);
    const victim = parts.at(-1)!;
    const end = seed === undefined ? moving?.begin(hosts, victim) : havoc(hosts, victim, broker, seed);
    const patienceMs = end ? STAGE_TIMEOUT_MS : 0;
    const verdict = await acceptance({ url: parts[0]!.url, dataDir, patienceMs, signal, ...(files && { files }) });
    const meanwhile = await end?.();
    if (!meanwhile) return verdict;
    const failures = [...verdict.failures, ...meanwhile.failures];
    return { passed: verdict.passed + meanwhile.passed, failures };
  } finally {
    await hosts.killAll();
    await broker?.kill();
    await moving?.end();
    await database.leave();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Kills a process, and sometimes the broker, again and again, at moments that the seed decides, and starts them anew. */
function havoc(hosts: Hosts, victim: Part, broker: OwnBroker | undefined, seed: number): () => Promise<void> {
  const random = seeded(seed);
  const over = new AbortController();
  const work = async () => {
    while (!over.signal.aborted) {
      await delay(2000 + random() * 8000, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      const both = broker && random() < 0.5;
      if (both) await broker.kill();
      await hosts.kill(victim);
      await delay(random() * 1500);
      if (both) await broker.start();
      await hosts.start(victim);
    }
  };
  const running = work();
  // Reported by whoever ends it.
  running.catch(() => undefined);
  return async () => {
    over.abort();
    await running;
  };
}
