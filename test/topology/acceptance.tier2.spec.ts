import { beforeAll, describe, expect, it } from '@jest/globals';
import { acceptance } from '../../src/tools/rehearse/acceptance.js';
import { groupsOf } from '../../src/tools/rehearse/split.js';
import { MODULES, SplitShop } from '../support/topology.js';

/** A part of the suite that meets commands, queries, events, sagas and routes; `npm run rehearse -- --all` runs it all. */
const FILES = 'test/acceptance/(cancellation|bad-input)';

describe('with payments in a process of its own', () => {
  let split: SplitShop;
  beforeAll(async () => void (split = await SplitShop.start(groupsOf(MODULES, 'payments'))), 60_000);

  it('the acceptance suite passes, as it is', async () => {
    const { url } = split.parts[0]!;
    const { passed, failures } = await acceptance({ url, dataDir: split.dataDir, patienceMs: 0, files: FILES });
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(20);
  }, 180_000);

  it('the front door answers for it, and the other process for the others', async () => {
    const staff = await split.shop.staff();
    const query = '/v1/payments?orderId=7e0c9cbb-0000-4000-8000-000000000000';
    expect((await staff.get(query)).expect(200)).toEqual([]);
    expect((await split.shop.anybody().get(query)).status).toBe(401);
    expect((await (await split.shop.customer()).get(query)).status).toBe(403);
    const other = await fetch(`${split.part('payments').url}/v1/catalog/products`);
    expect([other.status, (await other.json()) as object]).toMatchObject([200, { items: expect.any(Array) }]);
  });
});
