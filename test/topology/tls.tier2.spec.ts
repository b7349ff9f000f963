import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import { groupsOf } from '../../src/tools/rehearse/split.js';
import { makeCertificates } from '../support/certificates.js';
import type { Customer, Staff } from '../support/shop.js';
import { MODULES, SplitShop } from '../support/topology.js';

describe('with payments in a process of its own, and certificates', () => {
  let split: SplitShop;
  let staff: Staff;
  let customer: Customer;
  beforeAll(async () => {
    const { ca, cert, key } = await makeCertificates();
    const settings = { SEAM_TLS_CA: ca, SEAM_TLS_CERT: cert, SEAM_TLS_KEY: key };
    split = await SplitShop.start(groupsOf(MODULES, 'payments'), settings);
    [staff, customer] = [await split.shop.staff(), await split.shop.customer()];
  }, 120_000);

  it('commands, events, sagas and routes go from process to process as without', async () => {
    const { orderId, status } = await customer.buy([{ sku: await staff.stocked(1, 500), quantity: 1 }]);
    expect(status).toBe('confirmed');
    expect(await staff.payments(orderId)).toMatchObject([{ status: 'charged', amount: 500 }]);
  });

  it('orders are taken while that process is killed, and charged once when it is back', async () => {
    const sku = await staff.stocked(3, 500);
    await split.kill('payments');
    const placed: string[] = [];
    for (let n = 0; n < 3; n++) placed.push((await customer.place([{ sku, quantity: 1 }])).expect(202).orderId);
    const refused = await staff.get(`/v1/payments?orderId=${placed[0]}`);
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
    await split.restart('payments');
    for (const orderId of placed) {
      await eventually(async () => (await customer.order(orderId)).status === 'confirmed', 'the order', 30_000);
      expect(await staff.charges(orderId)).toMatchObject([{ status: 'approved', amount: 500 }]);
    }
  }, 60_000);
});
