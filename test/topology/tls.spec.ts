import { expect, it } from '@jest/globals';
import { groupsOf } from '../../src/tools/rehearse/split.js';
import { makeCertificates } from '../support/certificates.js';
import { MODULES, SplitShop } from '../support/topology.js';

it('with certificates, commands, events, sagas and routes go from process to process as without', async () => {
  const { ca, cert, key } = await makeCertificates();
  const settings = { SEAM_TLS_CA: ca, SEAM_TLS_CERT: cert, SEAM_TLS_KEY: key };
  const { shop } = await SplitShop.start(groupsOf(MODULES, 'payments'), settings);
  const [staff, customer] = [await shop.staff(), await shop.customer()];
  const { orderId, status } = await customer.buy([{ sku: await staff.stocked(1, 500), quantity: 1 }]);
  expect(status).toBe('confirmed');
  expect(await staff.payments(orderId)).toMatchObject([{ status: 'charged', amount: 500 }]);
}, 120_000);
