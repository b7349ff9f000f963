import type { Given, PactStates, Scenario } from '../../src/platform/testing/index.js';
import { RequestCharge, ReverseCharge } from './contracts/index.js';

async function request(scene: Scenario, { result }: Given, paymentToken: string): Promise<string> {
  const { orderId } = result as unknown as { orderId: string };
  await scene.execute(new RequestCharge({ orderId, amount: 2500, currency: 'EUR', paymentToken }));
  return orderId;
}

/** What consumers expect of the payments, brought about. */
export const pactStates: PactStates = {
  'payments.request-charge.v1 answers': () => undefined,
  'payments.reverse-charge.v1 answers': () => undefined,
  'payments.payment-charged.v1 is published': (scene, given) => request(scene, given, 'tok_approve'),
  'payments.payment-declined.v1 is published': (scene, given) => request(scene, given, 'tok_decline'),
  'payments.payment-failed.v1 is published': async (scene, given) => {
    const { orderId } = given.result as unknown as { orderId: string };
    await scene.execute(new ReverseCharge({ orderId }));
    await request(scene, given, 'tok_approve');
  },
};
