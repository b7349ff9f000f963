import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../src/platform/testing/index.js';
import { ProviderLedger } from './provider-ledger.js';
import { SimulatedProvider } from './simulated-provider.js';

const orderId = '2f1e9a4c-7d0b-4f6e-8a83-9b1f0c7d5e21';
const patient = () => new AbortController().signal;

describe('the simulated provider', () => {
  let folder: string;
  let key: string;
  let provider: SimulatedProvider;

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'provider-')), 'not', 'there', 'yet');
    key = randomUUID();
    provider = another();
  });
  afterEach(() => rm(join(folder, '../../..'), { recursive: true }));

  /** As another process would: it shares the folder, and nothing else. */
  const another = (slowMs = 20) => new SimulatedProvider(new ProviderLedger(folder), { slowMs, silentMs: 5 });
  const request = (paymentToken: string, amount = 2500) => ({ key, orderId, amount, currency: 'EUR', paymentToken });
  const ledger = () => new ProviderLedger(folder).charges(orderId);
  const abortSoon = () => AbortSignal.timeout(20);

  it.each(['tok_approve', 'tok_slow'])('approves %s', async (token) => {
    expect(await provider.charge(request(token), patient())).toBe('approved');
    expect(await another().find(key, patient())).toMatchObject({ status: 'approved' });
    const charge = { key, orderId, amount: 2500, currency: 'EUR', status: 'approved', refundedAmount: 0 };
    expect(await ledger()).toEqual([{ ...charge, createdAt: expect.any(String) }]);
  });

  it.each(['tok_decline', 'tok_unheard_of', ''])('declines "%s"', async (token) => {
    expect(await provider.charge(request(token), patient())).toBe('declined');
    expect(await ledger()).toMatchObject([{ status: 'declined', refundedAmount: 0 }]);
  });

  it('charges nothing, too', async () => {
    expect(await provider.charge(request('tok_approve', 0), patient())).toBe('approved');
    await provider.refund(key, patient());
    expect(await ledger()).toMatchObject([{ status: 'refunded', amount: 0, refundedAmount: 0 }]);
  });

  it('approves tok_slow in the end, although the caller hung up', async () => {
    const slow = another(1000);
    await expect(slow.charge(request('tok_slow'), abortSoon())).rejects.toThrow();
    expect(await another().find(key, patient())).toMatchObject({ status: 'pending' });
    await expect(another().refund(key, patient())).rejects.toThrow(/pending/);
    await eventually(async () => (await another().find(key, patient()))?.status === 'approved');
    expect(await slow.charge(request('tok_slow'), patient())).toBe('approved');
  });

  it('lets the first two calls with tok_flaky fail, whoever makes them, and charges with the third', async () => {
    await expect(provider.charge(request('tok_flaky'), patient())).rejects.toThrow(/503/);
    await expect(another().charge(request('tok_flaky'), patient())).rejects.toThrow(/503/);
    expect(await another().find(key, patient())).toBeUndefined();
    expect(await another().charge(request('tok_flaky'), patient())).toBe('approved');
    expect(await ledger()).toHaveLength(1);
  });

  it('charges tok_unknown_outcome without ever saying so', async () => {
    await expect(provider.charge(request('tok_unknown_outcome'), patient())).rejects.toThrow(/no answer/);
    await expect(another().charge(request('tok_unknown_outcome'), abortSoon())).rejects.toThrow(/no answer/);
    expect(await another().find(key, patient())).toMatchObject({ status: 'approved' });
    expect(await ledger()).toHaveLength(1);
  });

  it('never answers tok_never, and holds no charge', async () => {
    await expect(provider.charge(request('tok_never'), abortSoon())).rejects.toThrow(/no answer/);
    expect(await provider.find(key, patient())).toBeUndefined();
    expect(await ledger()).toEqual([]);
  });

  it('charges a key once, with the first amount, however many call at the same time', async () => {
    const calls = Array.from({ length: 40 }, (_, n) => another().charge(request('tok_approve', n), patient()));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['approved']));
    const [charge, ...others] = await ledger();
    expect(others).toEqual([]);
    await provider.charge(request('tok_decline', 999), patient());
    expect(await ledger()).toEqual([charge]);
  });

  it('refunds a charge in full, and once', async () => {
    await provider.charge(request('tok_approve'), patient());
    await Promise.all(Array.from({ length: 10 }, () => another().refund(key, patient())));
    await provider.refund(key, patient());
    expect(await provider.find(key, patient())).toMatchObject({ status: 'refunded' });
    expect(await ledger()).toMatchObject([{ amount: 2500, refundedAmount: 2500 }]);
    expect(await provider.charge(request('tok_approve'), patient())).toBe('refunded');
  });

  it('refunds nothing that was not charged', async () => {
    await expect(provider.refund(key, patient())).rejects.toThrow(/unknown/);
    await provider.charge(request('tok_decline'), patient());
    await expect(provider.refund(key, patient())).rejects.toThrow(/declined/);
  });

  it('lists the charges of one order, or all, oldest first, and leaves no drafts behind', async () => {
    const first = key;
    await provider.charge(request('tok_approve'), patient());
    const { createdAt } = (await ledger())[0]!;
    await eventually(() => new Date().toISOString() > createdAt);
    key = randomUUID();
    await provider.charge({ ...request('tok_approve'), orderId: key }, patient());
    expect((await new ProviderLedger(folder).charges()).map((charge) => charge.key)).toEqual([first, key]);
    expect(await ledger()).toHaveLength(1);
    expect((await readdir(folder)).filter((file) => file.endsWith('.draft'))).toEqual([]);
  });

  it('keeps odd keys inside its folder', async () => {
    key = '../../escaped';
    await provider.charge(request('tok_approve'), patient());
    expect(await provider.find(key, patient())).toMatchObject({ status: 'approved' });
    expect(await readdir(folder)).toHaveLength(1);
  });
});
