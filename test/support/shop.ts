import { App, newKey, newName, openPlace } from './app.js';
import { Client, ACCEPTANCE_TIMEOUT_MS } from './client.js';
import type { HostEnv } from './host-process.js';
import type { Charge, Level, Order, Page, Payment, Product, Receipt, StorefrontOrder } from './shop-types.js';

/** Seconds to wait for a final order: more than any payment token takes with the default settings. */
const FINAL_S = 30;

/** The shop under test. @see openPlace */
export async function openShop(settings: HostEnv = {}): Promise<Shop> {
  const { url, dataDir } = await openPlace(settings);
  return new Shop(url, dataDir);
}

/** Every SKU is unique as well: specs may share a running shop. */
export class Shop extends App {
  async customer(sub = newName('customer')): Promise<Customer> {
    return new Customer(this.url, await this.token(sub, 'customer'));
  }

  async staff(sub = newName('staff')): Promise<Staff> {
    return new Staff(this.url, await this.token(sub, 'staff'));
  }
}

export interface Placing {
  /** Idempotency key; a new one by default. */
  key?: string;
  /** Seconds of `Prefer: wait`; none by default. */
  wait?: number;
}

export type Lines = readonly { sku: string; quantity: number }[];

export class Customer extends Client {
  async place(lines: Lines, paymentToken = 'tok_approve', { key = newKey(), wait }: Placing = {}) {
    const headers = { 'idempotency-key': key, ...(wait !== undefined && { prefer: `wait=${wait}` }) };
    return await this.post<Receipt>('/v1/orders', { lines, paymentToken }, headers);
  }

  /** Places an order and waits until it is final. */
  async buy(lines: Lines, paymentToken = 'tok_approve'): Promise<Receipt> {
    const key = newKey();
    const until = Date.now() + ACCEPTANCE_TIMEOUT_MS;
    for (;;) {
      const answer = await this.place(lines, paymentToken, { key, wait: FINAL_S });
      if (answer.status !== 202 || Date.now() > until) return answer.expect(200);
    }
  }

  async cancel(orderId: string, key = newKey()) {
    return await this.post<Receipt>(`/v1/orders/${orderId}/cancellation`, undefined, { 'idempotency-key': key });
  }

  async order(orderId: string): Promise<Order> {
    return (await this.get<Order>(`/v1/orders/${orderId}`)).expect(200);
  }

  async orders(query = ''): Promise<Page<Order>> {
    return (await this.get<Page<Order>>(`/v1/orders${query}`)).expect(200);
  }

  async page(orderId: string): Promise<StorefrontOrder> {
    return (await this.get<StorefrontOrder>(`/v1/storefront/orders/${orderId}`)).expect(200);
  }
}

export class Staff extends Customer {
  /** Publishes a product under a new SKU. */
  async product(amount = 1250, currency = 'EUR'): Promise<Product> {
    const sku = newName('sku');
    const body = { sku, name: `Thing ${sku}`, price: { amount, currency } };
    const answer = await this.post<Product>('/v1/catalog/products', body);
    // The SKU is nobody else's: where the first answer was lost with a process, this is what it said.
    if (answer.status === 409 && ACCEPTANCE_TIMEOUT_MS > 0) return body;
    return answer.expect(201);
  }

  /** Publishes a product of which so many are on hand. @returns its SKU */
  async stocked(onHand: number, amount?: number): Promise<string> {
    const { sku } = await this.product(amount);
    (await this.adjust(sku, onHand)).expect(200);
    return sku;
  }

  async adjust(sku: string, delta: number, key = newKey()) {
    const body = { delta, reason: 'acceptance' };
    return await this.post<Level>(`/v1/inventory/stock/${sku}/adjustments`, body, { 'idempotency-key': key });
  }

  async level(sku: string): Promise<Level> {
    return (await this.get<Level>(`/v1/inventory/stock/${sku}`)).expect(200);
  }

  async payments(orderId: string): Promise<Payment[]> {
    return (await this.get<Payment[]>(`/v1/payments?orderId=${orderId}`)).expect(200);
  }

  /** What the payment provider has in its books: of one order, or of all. */
  async charges(orderId?: string): Promise<Charge[]> {
    return (await this.get<Charge[]>(`/_dev/provider/charges${orderId ? `?orderId=${orderId}` : ''}`)).expect(200);
  }
}

/** What the provider keeps of these charges in the end, in minor units. */
export function kept(charges: readonly Charge[]): number {
  const taken = charges.filter(({ status }) => status === 'approved' || status === 'refunded');
  return taken.reduce((sum, { amount, refundedAmount }) => sum + amount - refundedAmount, 0);
}

export { newKey, newName } from './app.js';
