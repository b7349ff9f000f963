import { fail } from '../../src/tools/lib/cli.js';
import { largeBacklog } from './delivery/backlog.js';
import { drainBacklog } from './delivery/drain.js';
import { idle } from './delivery/idle.js';
import { latency } from './delivery/latency.js';
import { producing } from './delivery/producing.js';
import { publishToHandled } from './delivery/publish.js';
import { sagas } from './delivery/saga.js';
import { scale } from './delivery/scale.js';
import type { Bench, Benchmark, Row } from './harness.js';
import { rivalVersions } from './rivals.js';
import { withServer } from './server.js';

/** The parts of this benchmark, by the names that `--only` knows; a part may serve several. */
const PARTS: readonly { names: readonly string[]; run: Benchmark }[] = [
  { names: ['drain', 'per-message'], run: drainBacklog },
  { names: ['publish'], run: publishToHandled },
  { names: ['producing'], run: producing },
  { names: ['latency'], run: latency },
  { names: ['saga'], run: sagas },
  { names: ['idle'], run: idle },
  { names: ['scale'], run: scale },
  { names: ['backlog'], run: largeBacklog },
];

let measuredWith = 'PostgreSQL';

/** What it was measured with, for the page. */
export const versions = (): string[] => [measuredWith, ...rivalVersions()];

/** Delivery against graphile-worker and pg-boss: same database, same work, in turns. */
export async function delivery(bench: Bench): Promise<Row[]> {
  const wanted = PARTS.filter(({ names }) => names.some(bench.wants));
  if (wanted.length === 0) fail(`The parts of delivery are ${PARTS.flatMap(({ names }) => names).join(', ')}.`);
  return await withServer(async (version) => {
    measuredWith = `PostgreSQL ${version}`;
    const rows: Row[] = [];
    for (const { names, run } of wanted) {
      bench.say(`${names.join(', ')}:`);
      rows.push(...(await run(bench)));
    }
    return rows;
  });
}
