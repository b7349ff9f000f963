import { Graphile } from '../graphile.js';
import type { Bench, Row, Series } from '../harness.js';
import { count, holds, inTurns, times } from '../harness.js';
import { Ours } from '../ours.js';
import { PgBoss } from '../pg-boss.js';
import { produce } from './produce.js';

const TRANSACTIONS = 6000;
/** Enough for those who need longer. */
const FEWER = 2000;

/** What storing the message adds to a business transaction; nobody listens. */
export async function producing(bench: Bench): Promise<Row[]> {
  const ours = await Ours.open();
  const rivals = bench.alone ? undefined : { graphile: await Graphile.open(), boss: await PgBoss.open('batch') };
  await ours.prepare();
  await rivals?.boss.prepare();
  try {
    await produce(ours, TRANSACTIONS);
    const sides = {
      'with its outbox row': () => produce(ours, TRANSACTIONS),
      without: () => produce(ours, TRANSACTIONS, true),
      ...(rivals && {
        'plain pg': () => produce(rivals.graphile, TRANSACTIONS, true),
        add_job: () => produce(rivals.graphile, FEWER),
        'pg-boss send': () => produce(rivals.boss, FEWER),
      }),
    };
    return [row(await inTurns(bench, sides))];
  } finally {
    for (const side of [ours, ...Object.values(rivals ?? {})]) await side.close();
  }
}

function row(series: Series): Row {
  const ratio = series.ratio('with its outbox row', 'without');
  const plain = ['add_job', 'pg-boss send'].map((name) => `${name} ${times(series.ratio(name, 'plain pg'))}`);
  const rates = `${count(series.of('with its outbox row'))}/s and ${count(series.of('without'))}/s`;
  return {
    benchmark: 'producing: a command with its outbox row against the same without it, 16 clients',
    target: '≥ 0.85 ×',
    measured: `${times(ratio)} (${rates}); in a transaction by hand (${count(series.of('plain pg'))}/s) ${plain.join(', ')}`,
    reached: holds([ratio, '≥', 0.85]),
  };
}
