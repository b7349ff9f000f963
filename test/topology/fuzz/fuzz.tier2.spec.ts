import { beforeAll, describe, expect, it } from '@jest/globals';
import { Problem } from '../../../src/platform/http/problems/problem.js';
import { seeded } from '../../../src/platform/transport/fault-injection/seeded.js';
import { groupsOf } from '../../../src/tools/rehearse/split.js';
import type { RawAnswer } from '../../support/raw-http.js';
import { exchange } from '../../support/raw-http.js';
import type { Page } from '../../support/shop-types.js';
import type { Shop } from '../../support/shop.js';
import { openShop } from '../../support/shop.js';
import { MODULES, SplitShop } from '../../support/topology.js';
import type { FuzzRequest, OpenApi } from './requests.js';
import { Requests } from './requests.js';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 5_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const AT_ONCE = 8;
const MINUTES = 600_000;

/** Whole documents and pages are of no use in a message. */
const SHOWN = 1500;

const topologies: [what: string, start: () => Promise<Shop>][] = [
  ['one process', () => openShop()],
  ['a process for each module', async () => (await SplitShop.start(groupsOf(MODULES, 'all'))).shop],
];
const shops: Shop[] = [];
/** What each of them has refused, by the seed of the request, whatever it knew by then. */
const refusals: ReadonlySet<number>[] = [];
let document: OpenApi;

beforeAll(async () => {
  for (const [, start] of topologies) shops.push(await start());
  // One document for both, so that a seed makes the same request.
  document = (await shops[0]!.anybody().get<OpenApi>('/openapi.json')).expect(200);
}, 240_000);

/** Requests from what the document says, with a product, an order and a cursor that there are. */
async function requestsFor(shop: Shop): Promise<Requests> {
  const [staff, customer] = [await shop.staff(), await shop.customer()];
  const sku = await staff.stocked(1_000_000);
  const { orderId } = await customer.buy([{ sku, quantity: 1 }]);
  await staff.product();
  const { nextCursor } = (await customer.get<Page<unknown>>('/v1/catalog/products?limit=1')).expect(200);
  const known = { sku: [sku], orderId: [orderId], paymentToken: ['tok_approve'], cursor: [nextCursor!] };
  return new Requests(document, known, [staff.token!, customer.token!]);
}

/** What is wrong with an answer; undefined when nothing is. */
function faultOf({ head, broken }: FuzzRequest, { status, headers, body }: RawAnswer): string | undefined {
  if (Number.isNaN(status)) return broken ? undefined : 'no answer';
  if (status < 200 || status >= 500) return `status ${status}`;
  if (status < 400) return undefined;
  if (!/^content-type: application\/problem\+json/im.test(headers)) return 'no problem document';
  // Of what the parser refuses nobody knows that it was a HEAD: it ends its connection, and has no trace.
  if (head && body === '') return undefined;
  if (head && /^x-trace-id/im.test(headers)) return 'a body of HEAD';
  const problem = Problem.safeParse(jsonOf(body));
  if (!problem.success) return 'no problem';
  return problem.data.status === status ? undefined : 'another status in the problem';
}

/** Refused for what the request is: whatever was said before, the same request would be refused again. */
const OF_THE_REQUEST = new Set([
  'bad_request',
  'malformed_json',
  'validation_failed',
  'idempotency_key_required',
  'idempotency_key_invalid',
  'unauthenticated',
  'token_invalid',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'payload_too_large',
  'uri_too_long',
  'unsupported_media_type',
  'expectation_failed',
  'headers_too_large',
]);

function isRefused({ body }: RawAnswer): boolean {
  const problem = Problem.safeParse(jsonOf(body));
  return problem.success && OF_THE_REQUEST.has(problem.data.code);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sends them all. @returns how each operation was answered, what was refused, and what went wrong */
async function fuzz(url: string, requests: Requests) {
  const answered = new Map(requests.operations.map((operation) => [operation, new Set<string>()]));
  const faults: string[] = [];
  const refused = new Set<number>();
  let next = 0;
  const one = async (seed: number) => {
    const request = requests.next(seeded(seed));
    const answer = await exchange(url, request.bytes, request.broken).catch((error: Error) => error.message);
    const fault = typeof answer === 'string' ? answer : faultOf(request, answer);
    if (typeof answer === 'object') answered.get(request.operation)?.add(`${String(answer.status)[0]}xx`);
    if (typeof answer === 'object' && !request.broken && isRefused(answer)) refused.add(seed);
    const shown = () => JSON.stringify([request.bytes.toString('latin1').slice(0, SHOWN), answer]).slice(0, 2 * SHOWN);
    if (fault !== undefined) faults.push(`seed ${seed}: ${fault}: ${shown()}`);
  };
  const worker = async () => {
    while (next < REQUESTS && faults.length < 10) await one(SEED + next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { answered, faults, refused };
}

describe.each(topologies.map(([what], index) => [what, index] as const))('the listener of %s', (_, index) => {
  it(
    'answers whatever is sent, and every refusal is a problem',
    async () => {
      const shop = shops[index]!;
      const { answered, faults, refused } = await fuzz(shop.url, await requestsFor(shop));
      expect(faults).toEqual([]);
      const once = [...answered].filter(([, kinds]) => !kinds.has('2xx') || !kinds.has('4xx'));
      expect(once).toEqual([]);
      refusals.push(refused);
      // And goes on working.
      const [staff, customer] = [await shop.staff(), await shop.customer()];
      expect((await customer.buy([{ sku: await staff.stocked(1), quantity: 1 }])).status).toBe('confirmed');
    },
    MINUTES,
  );
});

it('a request that is refused for what it is, is refused in both', () => {
  const [one, many] = refusals.map((seeds) => [...seeds].sort((a, b) => a - b));
  expect(one!.length).toBeGreaterThan(REQUESTS / 4);
  expect(many).toEqual(one);
});
