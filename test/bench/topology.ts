import { existsSync } from 'node:fs';
import { fail } from '../../src/tools/lib/cli.js';
import { killAll } from '../support/host-process.js';
import type { Bench, Benchmark, Row } from './harness.js';
import { withServer } from './server.js';
import { seamPrice } from './topology/price.js';
import { remoteQuery } from './topology/query.js';

/** It is about the example, and goes with it. */
const SPLIT = new URL('./topology/split.js', import.meta.url);
const splitShop: Benchmark = async (bench) =>
  await ((await import(SPLIT.href)) as { splitShop: Benchmark }).splitShop(bench);

const PARTS: Readonly<Record<string, Benchmark>> = {
  query: remoteQuery,
  price: seamPrice,
  ...(existsSync(SPLIT) && { shop: splitShop }),
};

let measuredWith = 'PostgreSQL';
export const versions = (): string[] => [measuredWith];

/** What it costs that a module lives in another process. */
export async function topology(bench: Bench): Promise<Row[]> {
  const wanted = Object.keys(PARTS).filter(bench.wants);
  if (wanted.length === 0) fail(`The parts of topology are ${Object.keys(PARTS).join(', ')}.`);
  return await withServer(async (version) => {
    measuredWith = `PostgreSQL ${version}`;
    const rows: Row[] = [];
    try {
      for (const name of wanted) {
        bench.say(`${name}:`);
        rows.push(...(await PARTS[name]!(bench)));
      }
    } finally {
      await killAll();
    }
    return rows;
  });
}
