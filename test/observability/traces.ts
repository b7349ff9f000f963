import { expect } from '@jest/globals';
import { eventually } from '../../src/platform/testing/eventually.js';
import type { CollectedSpan } from '../support/collector.js';
import type { Customer } from '../support/shop.js';
import { newKey } from '../support/shop.js';
import { MODULES } from '../support/topology.js';

export const PRICE = 1250;
export const FINAL_S = 30;

/** Places an order. @returns its trace */
export async function placed(customer: Customer, sku: string, token: string, wait?: number) {
  const traceId = newTraceId();
  const body = { lines: [{ sku, quantity: 1 }], paymentToken: token };
  const headers = { 'idempotency-key': newKey(), traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const preferring = { ...headers, ...(wait !== undefined && { prefer: `wait=${wait}` }) };
  const { orderId, status } = (
    await customer.post<{ orderId: string; status: string }>('/v1/orders', body, preferring)
  ).expect(200, 202);
  return { traceId, orderId, status };
}

export const newTraceId = () => newKey().replaceAll('-', '');
export const moduleOf = ({ attributes }: CollectedSpan) => attributes['liftout.module'];

/** Who reports a span: namespace and name. */
export const serviceOf = ({ resource }: CollectedSpan) =>
  `${resource['service.namespace'] ?? ''}/${resource['service.name'] ?? ''}`;

/** The trace, once the order's page has heard of its end. */
export async function wholeTrace(
  collector: { trace(traceId: string): CollectedSpan[] | Promise<CollectedSpan[]> },
  traceId: string,
  last: string,
): Promise<CollectedSpan[]> {
  const heard = (span: CollectedSpan) => span.name === `process ${last}` && moduleOf(span) === 'storefront';
  return await eventually(async () => {
    const spans = await collector.trace(traceId);
    return spans.some(heard) && isWhole(spans) && spans;
  }, `${last} in its trace`);
}

/** Every span but the first has its parent. */
function isWhole(spans: readonly CollectedSpan[]): boolean {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentId }) => !ids.has(parentId)).length === 1;
}

/** The names from a span up to the request. */
export function pathOf(span: CollectedSpan, spans: readonly CollectedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentId);
  return [span.name, ...(parent ? pathOf(parent, spans) : [])];
}

/** Each module reports its own spans, and the process the requests by HTTP, whosever route it is. */
export function expectServices(spans: readonly CollectedSpan[], own: string): void {
  const isRequest = ({ attributes }: CollectedSpan) => attributes['http.route'] !== undefined;
  expect([...new Set(spans.filter(isRequest).map(serviceOf))]).toEqual([`${own}/${own}`]);
  const named = spans.filter((span) => moduleOf(span) !== undefined && !isRequest(span));
  expect(named.filter((span) => serviceOf(span) !== `${own}/${moduleOf(span)}`).map(({ name }) => name)).toEqual([]);
}

export function expectAllModules(spans: readonly CollectedSpan[]): void {
  expect([...new Set(spans.map(moduleOf))].filter((module) => module !== undefined).sort()).toEqual([...MODULES]);
  // What goes into an outbox names the module whose outbox it is.
  const senders = spans.filter(({ name }) => name.startsWith('send '));
  expect(senders.filter((span) => moduleOf(span) === undefined).map(({ name }) => name)).toEqual([]);
  const root = spans.find(({ parentId }) => parentId === 'b7ad6b7169203331');
  expect(root).toMatchObject({ name: 'POST /v1/orders', kind: 2, attributes: { 'http.route': '/v1/orders' } });
}

export const named = (spans: readonly CollectedSpan[], name: string) => spans.filter((span) => span.name === name);
