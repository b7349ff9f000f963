import { Pool } from 'undici';
import { mintDevelopmentToken } from '../../../src/platform/http/auth/auth.js';
import type { KeptTrace } from '../../../src/dev/pages/trace-store.js';
import { stocked } from '../shop/ours.js';

interface Request {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  as?: 'staff' | 'customer';
  body?: object;
}

/** Every route of the shop, as it is declared, and a request to it: one after the other, as a single client would. */
export class Visitor {
  readonly #pool: Pool;
  #count = 0;
  #last = '';

  private constructor(
    url: string,
    private readonly tokens: Readonly<Record<'staff' | 'customer', string>>,
    private readonly skus: readonly string[],
  ) {
    this.#pool = new Pool(url, { connections: 1 });
  }

  /** Publishes and stocks the products of the benchmark first. */
  static async open(url: string, dataDir: string): Promise<Visitor> {
    const { skus, token: customer } = await stocked(url, dataDir);
    const staff = await mintDevelopmentToken(dataDir, { sub: 'bench', role: 'staff', ttl: '1h' });
    return new Visitor(url, { staff, customer }, skus);
  }

  readonly #requests: Readonly<Record<string, () => Promise<Request> | Request>> = {
    'POST /v1/orders': () => this.#order(),
    'POST /v1/orders/:orderId/cancellation': async () => {
      const orderId = await this.#confirmed();
      return { method: 'POST', path: `/v1/orders/${orderId}/cancellation`, as: 'customer', body: {} };
    },
    'GET /v1/orders': () => ({ method: 'GET', path: '/v1/orders?limit=10', as: 'customer' }),
    'GET /v1/orders/:orderId': () => ({ method: 'GET', path: `/v1/orders/${this.#last}`, as: 'customer' }),
    'GET /v1/payments': () => ({ method: 'GET', path: `/v1/payments?orderId=${this.#last}`, as: 'staff' }),
    'GET /v1/storefront/orders/:orderId': () => ({
      method: 'GET',
      path: `/v1/storefront/orders/${this.#last}`,
      as: 'customer',
    }),
    'GET /v1/storefront/products': () => ({ method: 'GET', path: '/v1/storefront/products?limit=10' }),
    'GET /v1/catalog/products': () => ({ method: 'GET', path: '/v1/catalog/products?limit=10' }),
    'GET /v1/catalog/products/:sku': () => ({ method: 'GET', path: `/v1/catalog/products/${this.#sku()}` }),
    'PATCH /v1/catalog/products/:sku': () => ({
      method: 'PATCH',
      path: `/v1/catalog/products/${this.#sku()}`,
      as: 'staff',
      body: { name: `Product ${this.#count}` },
    }),
    'GET /v1/inventory/stock/:sku': () => ({ method: 'GET', path: `/v1/inventory/stock/${this.#sku()}`, as: 'staff' }),
    'POST /v1/inventory/stock/:sku/adjustments': () => ({
      method: 'POST',
      path: `/v1/inventory/stock/${this.#sku()}/adjustments`,
      as: 'staff',
      body: { delta: 1, reason: 'bench' },
    }),
  };

  get routes(): string[] {
    return Object.keys(this.#requests);
  }

  /** @returns milliseconds until the answer. @throws Error when it is not what is expected */
  async visit(route: string): Promise<{ ms: number; traceId: string }> {
    const request = await this.#requests[route]!();
    const { ms, traceId, text } = await this.#send(request);
    if (route === 'POST /v1/orders') this.#last = orderIn(text);
    return { ms, traceId };
  }

  /** Empty where the development view does not have it yet. */
  async trace(traceId: string): Promise<KeptTrace> {
    const headers = { accept: 'application/json' };
    const answer = await this.#pool.request({ method: 'GET', path: `/_dev/traces/${traceId}`, headers });
    const text = await answer.body.text();
    return answer.statusCode === 200 ? (JSON.parse(text) as KeptTrace) : { traceId, spans: [], lines: [] };
  }

  async #send({ method, path, as, body }: Request) {
    const headers = {
      ...(as && { authorization: `Bearer ${this.tokens[as]}` }),
      ...(body && { 'content-type': 'application/json', prefer: 'wait=30' }),
      ...(method === 'POST' && { 'idempotency-key': `${process.pid}-${performance.now()}-${this.#count}` }),
    };
    const began = performance.now();
    const content = body ? { body: JSON.stringify(body) } : {};
    const answer = await this.#pool.request({ method, path, headers, ...content });
    const text = await answer.body.text();
    const ms = performance.now() - began;
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return { ms, text, traceId: String(answer.headers['x-trace-id']) };
  }

  #order(): Request {
    const body = { lines: [{ sku: this.#sku(), quantity: 1 }], paymentToken: 'tok_approve' };
    return { method: 'POST', path: '/v1/orders', as: 'customer', body };
  }

  /** An order that nobody has cancelled yet. */
  async #confirmed(): Promise<string> {
    return orderIn((await this.#send(this.#order())).text);
  }

  #sku(): string {
    return this.skus[this.#count++ % this.skus.length]!;
  }
}

function orderIn(text: string): string {
  const { orderId, status } = JSON.parse(text) as { orderId: string; status: string };
  if (status !== 'confirmed') throw new Error(`An order is ${status}: ${text}`);
  return orderId;
}
