import { once } from 'node:events';
import { steadily } from './delivery/produce.js';
import { Graphile } from './graphile.js';
import { Ours } from './ours.js';
import { PgBoss } from './pg-boss.js';
import type { Address, Producing, Side } from './side.js';

/** A process that writes business transactions for a side whose consumer is in another one. */
const { side, url, transactions } = JSON.parse(process.argv[2]!) as Address & { transactions: number };

const open: Record<Address['side'], () => Promise<Side & Producing>> = {
  ours: async () => Ours.at(url),
  graphile: () => Graphile.at(url),
  'pg-boss': async () => PgBoss.at(url),
};
const producer = await open[side]();
await producer.prepare();
process.send!('ready');
await once(process, 'message');
process.send!(await steadily(producer, transactions));
await producer.close();
process.disconnect();
