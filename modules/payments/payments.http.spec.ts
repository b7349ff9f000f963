import { describe, expect, it } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { PaymentsConfig } from './payments.config.js';
import { PaymentsQuery } from './payments.http.js';
import { ProviderChargesHttp } from './provider/provider-charges.http.js';
import { ProviderLedger } from './provider/provider-ledger.js';

const orderId = '2f1e9a4c-7d0b-4f6e-8a83-9b1f0c7d5e21';

describe('the list of payments', () => {
  it('is of one order', () => {
    expect(PaymentsQuery.parse({ orderId })).toEqual({ orderId });
  });

  it.each([{}, { orderId: '' }, { orderId: 'order-1' }, { orderId: [orderId, orderId] }])(
    'is refused for %j',
    (query) => {
      expect(PaymentsQuery.safeParse(query).error!.issues.map(({ path }) => path)).toEqual([['orderId']]);
    },
  );
});

describe("the provider's charges", () => {
  const route = (NODE_ENV?: string) =>
    new ProviderChargesHttp(
      new ProviderLedger('/nowhere'),
      new PaymentsConfig(PaymentsConfig.schema.parse({ NODE_ENV })),
    );

  it('are shown in development, and not in production', async () => {
    expect(await route().list({})).toEqual([]);
    expect(await route('test').list({ orderId })).toEqual([]);
    await expect(route('production').list({})).rejects.toThrow(NotFoundException);
  });
});

describe('the configuration', () => {
  it('tries for 15 s unless it is told otherwise', () => {
    expect(PaymentsConfig.schema.parse({}).PAYMENT_TIMEOUT_MS).toBe(15_000);
    expect(PaymentsConfig.schema.parse({ PAYMENT_TIMEOUT_MS: '1000' }).PAYMENT_TIMEOUT_MS).toBe(1000);
    for (const wrong of ['0', '-1', '1.5', 'soon'])
      expect(PaymentsConfig.schema.safeParse({ PAYMENT_TIMEOUT_MS: wrong }).success).toBe(false);
  });
});
