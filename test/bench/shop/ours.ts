import { Pool } from 'undici';
import { mintDevelopmentToken } from '../../../src/platform/http/auth/auth.js';
import type { Shop } from './load.js';

const SKUS = Array.from({ length: 200 }, (_, index) => `sku-${index + 1}`);

/** Publishes the products of the benchmark, each with plenty in stock, at the front door of a running application. */
export async function stocked(url: string, dataDir: string): Promise<Shop> {
  const staff = await mintDevelopmentToken(dataDir, { sub: 'bench', role: 'staff', ttl: '1h' });
  const pool = new Pool(url, { connections: 8 });
  const post = async (path: string, body: object, key: string) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${staff}`, 'idempotency-key': key };
    const answer = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
    const text = await answer.body.text();
    // Published by an earlier turn.
    if (answer.statusCode === 409) return;
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
  };
  await Promise.all(
    SKUS.map(async (sku, index) => {
      await post('/v1/catalog/products', { sku, name: sku, price: { amount: 100 + index, currency: 'EUR' } }, sku);
      await post(`/v1/inventory/stock/${sku}/adjustments`, { delta: 1_000_000, reason: 'bench' }, sku);
    }),
  );
  await pool.close();
  return {
    urls: [url],
    token: await mintDevelopmentToken(dataDir, { sub: 'alice', role: 'customer', ttl: '1h' }),
    skus: SKUS,
  };
}
