import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { joinEmbedded } from '../../platform/persistence/embedded.js';
import { seeded } from '../../platform/transport/seeded.js';
import type { Verdict } from './acceptance.js';
import { acceptance } from './acceptance.js';
import { Hosts } from './hosts.js';
import type { Part } from './split.js';
import { groupsOf, split } from './split.js';

/** One way to run the application while the suite asks it. */
export interface Stage {
  title: string;
  run(): Promise<Verdict>;
}

/** Longer than a process is away, also on a busy machine. */
const PATIENCE_MS = 30_000;

export function stagesOf(module: string, all: readonly string[], seed: number, files?: string): Stage[] {
  const seams = { REHEARSE: module, REHEARSE_SEED: String(seed) };
  const outside = groupsOf(all, module);
  return [
    { title: `${module}: one process, its seams slow and lossy`, run: () => suite([all], { common: seams, files }) },
    { title: `${module}: in a process of its own`, run: () => suite(outside, { files }) },
    {
      title: `${module}: in a process of its own, killed and restarted`,
      run: () => suite(outside, { files, during: (hosts, parts) => havoc(hosts, parts.at(-1)!, seed) }),
    },
  ];
}

/** Every module a process of its own. */
export function apart(all: readonly string[], files?: string): Stage {
  return { title: 'every module in a process of its own', run: () => suite(groupsOf(all, 'all'), { files }) };
}

interface Options {
  common?: Record<string, string>;
  files?: string | undefined;
  /** Begins what happens to the processes meanwhile. @returns what ends it */
  during?: (hosts: Hosts, parts: readonly Part[]) => () => Promise<void>;
}

async function suite(
  groups: readonly (readonly string[])[],
  { common = {}, files, during }: Options,
): Promise<Verdict> {
  const dataDir = await mkdtemp(join(tmpdir(), 'liftout-rehearsal-'));
  const database = await joinEmbedded(dataDir, { fsync: false });
  const parts = await split(groups);
  const hosts = new Hosts({ DATA_DIR: dataDir, RATE_LIMIT: 'off', LOG_LEVEL: 'error', LOG_FORMAT: 'json', ...common });
  try {
    for (const part of parts) await hosts.start(part);
    const end = during?.(hosts, parts);
    const patienceMs = during ? PATIENCE_MS : 0;
    const verdict = await acceptance({ url: parts[0]!.url, dataDir, patienceMs, ...(files && { files }) });
    await end?.();
    return verdict;
  } finally {
    await hosts.killAll();
    await database.leave();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Kills a process again and again, at moments that the seed decides, and starts it anew. */
function havoc(hosts: Hosts, victim: Part, seed: number): () => Promise<void> {
  const random = seeded(seed);
  const over = new AbortController();
  const work = async () => {
    while (!over.signal.aborted) {
      await delay(2000 + random() * 8000, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      await hosts.kill(victim);
      await delay(random() * 1500);
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
