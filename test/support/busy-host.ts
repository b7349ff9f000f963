import { eventually } from '../../src/platform/testing/index.js';
import type { HostProcess } from './host-process.js';
import { startHost } from './host-process.js';
import { newKey, Shop } from './shop.js';
import { ownEnv } from './stage.js';

/** A host that has begun an order of which the customer waits for the end. */
export async function busyHost() {
  const env = await ownEnv();
  const host = await startHost({ ...env, LOG_LEVEL: 'info' });
  const shop = new Shop(host.url, env.DATA_DIR);
  const [staff, customer, key] = [await shop.staff(), await shop.customer(), newKey()];
  const lines = [{ sku: await staff.stocked(1), quantity: 1 }];
  const answer = customer.place(lines, 'tok_slow', { key, wait: 30 });
  await eventually(async () => (await customer.orders()).items.length === 1, 'the order being accepted');
  return { env, host, customer, key, lines, answer };
}

/** Waits until the host says that it stops. */
export const stopping = (host: HostProcess) =>
  eventually(() => host.output().includes('"msg":"shutting down'), 'the host stopping');
