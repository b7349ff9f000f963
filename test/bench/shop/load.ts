import { Pool } from 'undici';
import { quantile } from '../harness.js';

/** What clients saw. */
export interface Load {
  perSecond: number;
  /** Milliseconds from the request to the answer that the order is confirmed. */
  p50: number;
  p99: number;
}

export interface Shop {
  /** Of each replica; the clients go to them in turn. */
  urls: readonly string[];
  /** A customer's. */
  token: string;
  skus: readonly string[];
}

/**
 * Places orders, each for another product than the one before, and waits for each to be confirmed.
 *
 * @param clients how many do so at a time
 * @throws Error when an order does not come back confirmed
 */
export async function confirmOrders({ urls, token, skus }: Shop, orders: number, clients: number): Promise<Load> {
  const pools = urls.map((url) => new Pool(url, { connections: clients }));
  const run = `${process.pid}-${performance.now()}`;
  const waits: number[] = [];
  let next = 0;
  const client = async () => {
    for (let order = next++; order < orders; order = next++) {
      const began = performance.now();
      const headers = {
        ...json,
        prefer: 'wait=30',
        authorization: `Bearer ${token}`,
        'idempotency-key': `${run}-${order}`,
      };
      const lines = [{ sku: skus[order % skus.length]!, quantity: 1 }];
      const body = JSON.stringify({ lines, paymentToken: 'tok_approve' });
      const answer = await pools[order % pools.length]!.request({ method: 'POST', path: '/v1/orders', headers, body });
      const text = await answer.body.text();
      if (!text.includes('"status":"confirmed"')) throw new Error(`${answer.statusCode}: ${text}`);
      waits.push(performance.now() - began);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(pools.map((pool) => pool.close()));
  return { perSecond: orders / seconds, p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) };
}

const json = { 'content-type': 'application/json' };
