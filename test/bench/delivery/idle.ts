import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Bench, Row } from '../harness.js';
import { holds, median } from '../harness.js';
import { Ours } from '../ours.js';
import { crowd } from '../tally.js';

const CONSUMERS = [1, 51] as const;
const MEASURED_MS = 3000;
/** What happens at the start is over by then. */
const SETTLE_MS = 1500;

interface Cost {
  queries: number;
  cpuMs: number;
}

/** What a consumer costs while nothing is said: the difference that fifty more of them make. */
export async function idle({ turns, say }: Bench): Promise<Row[]> {
  const costs: Cost[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    const [few, many] = [await costOf(CONSUMERS[0]), await costOf(CONSUMERS[1])];
    const more = CONSUMERS[1] - CONSUMERS[0];
    costs.push({ queries: (many.queries - few.queries) / more, cpuMs: (many.cpuMs - few.cpuMs) / more });
    say(`  ${turn}/${turns} ${costs.at(-1)!.queries.toFixed(2)} queries/s`);
  }
  const queries = median(costs.map((cost) => cost.queries));
  const cpu = median(costs.map((cost) => cost.cpuMs));
  return [
    {
      benchmark: 'an idle consumer',
      target: '≤ 1 query/s',
      measured: `${queries.toFixed(2)} queries/s, ${cpu.toFixed(2)} ms of CPU a second`,
      reached: holds([queries, '≤', 1.05]),
    },
  ];
}

/** Per second, of a whole process with so many consumers. */
async function costOf(consumers: number): Promise<Cost> {
  const counter = new QueryCounter();
  const side = await Ours.with([crowd(consumers)]);
  try {
    await side.prepare();
    await side.work();
    await delay(SETTLE_MS);
    const before = { cpu: process.cpuUsage(), queries: counter.queries };
    await delay(MEASURED_MS);
    const { user, system } = process.cpuUsage(before.cpu);
    const seconds = MEASURED_MS / 1000;
    return { queries: (counter.queries - before.queries) / seconds, cpuMs: (user + system) / 1000 / seconds };
  } finally {
    counter.remove();
    await side.close();
  }
}

/** Counts what the driver is asked to send, on connections that are opened from now on. */
class QueryCounter {
  queries = 0;
  readonly remove: () => void;

  constructor() {
    const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
    const original = prototype.query;
    const counted = () => void this.queries++;
    prototype.query = function (...args) {
      counted();
      return original.apply(this, args);
    };
    this.remove = () => void (prototype.query = original);
  }
}
