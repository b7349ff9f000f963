import { afterAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Place, withServer } from '../bench/server.js';
import { confirmOrders } from '../bench/shop/load.js';
import { stocked } from '../bench/shop/ours.js';
import { COUNTED, Counter } from '../bench/shop/statements.js';
import { killAll, startHost } from '../support/host-process.js';

/** A hair above what it is: docs/benchmarks.md says where they go. */
const MAX_STATEMENTS = 130;
const ORDERS = 60;

afterAll(killAll);

it(`an order over five modules takes at most ${MAX_STATEMENTS} statements, with one client`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'statements-'));
  const { statements } = await withServer(async () => {
    const place = await Place.make();
    const env = { DATABASE_URL: place.url, DATA_DIR: folder, RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
    const { url } = await startHost({ ...env, OTEL_SDK_DISABLED: 'true' });
    const shop = await stocked(url, folder);
    await confirmOrders(shop, 20, 1);
    const price = await new Counter(place.pool).price(ORDERS, () => confirmOrders(shop, ORDERS, 1));
    await killAll();
    await place.drop();
    return price;
  }, COUNTED);
  await rm(folder, { recursive: true });
  // It takes some, or nothing was counted.
  expect(statements).toBeGreaterThan(MAX_STATEMENTS / 2);
  expect(statements).toBeLessThanOrEqual(MAX_STATEMENTS);
}, 180_000);
