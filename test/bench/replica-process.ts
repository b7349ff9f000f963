import { Ours } from './ours.js';
import { crowd } from './tally.js';

/** A replica that comes and goes as it is told. */
const { url, consumers } = JSON.parse(process.argv[2]!) as { url: string; consumers: number };

const replica = Ours.at(url, [crowd(consumers)]);
const orders: Record<string, () => Promise<void>> = {
  prepare: () => replica.prepare(),
  work: () => replica.work(),
  leave: () => replica.leave(),
  close: async () => {
    await replica.close();
    process.disconnect();
  },
};
process.on('message', (order: string) => {
  void orders[order]!().then(() => process.connected && process.send!('done'));
});
