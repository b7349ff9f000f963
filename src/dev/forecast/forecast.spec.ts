import { describe, expect, it } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import type { KeptSpan, KeptTrace } from '../pages/trace-store.js';
import { readTrace } from './critical-path.js';
import { forecastOf, outside } from './forecast.js';
import { cheapestGrouping } from './grouping.js';
import type { SeamCost } from './price.js';

type Drawn = [id: string, parent: string, name: string, module: string, from: number, to: number];

/** What a span is, by its name. */
function attributesOf(name: string, module: string): Pick<KeptSpan, 'kind' | 'attributes'> {
  const own = { 'liftout.module': module };
  const [, route] = /^GET (.*)/.exec(name) ?? [];
  if (route)
    return { kind: SpanKind.SERVER, attributes: { ...own, 'http.route': route, 'http.request.method': 'GET' } };
  if (name.startsWith('send ')) return { kind: SpanKind.PRODUCER, attributes: own };
  const [, consumer, message] = /^(\S+) hears (.*)/.exec(name) ?? [];
  if (consumer)
    return {
      kind: SpanKind.CONSUMER,
      attributes: { ...own, 'messaging.consumer.group.name': consumer, 'liftout.message': message! },
    };
  if (name.startsWith('ask ')) return { kind: SpanKind.INTERNAL, attributes: { ...own, 'liftout.kind': 'query' } };
  return { kind: SpanKind.INTERNAL, attributes: own };
}

function draw(...spans: Drawn[]): KeptTrace {
  const kept = spans.map(([spanId, parentId, name, module, start, end]): KeptSpan => {
    const told = name.replace(/^\S+ hears /, 'process ');
    const { kind, attributes } = attributesOf(name, module);
    return {
      spanId,
      parentId: parentId || undefined,
      name: told,
      module,
      start,
      ms: end - start,
      failed: undefined,
      links: [],
      kind,
      attributes,
    };
  });
  return { traceId: 'one', spans: kept, lines: [] };
}

const COST: SeamCost = {
  at: '2026-01-01T00:00:00.000Z',
  machine: 'this one',
  ask: { p50: 1, p95: 2, bytes: 100 },
  message: { p50: 10, p95: 20, bytes: 200 },
  forward: { p50: 5, p95: 6, bytes: 300 },
  processMb: 100,
};
const MODULES = ['letters', 'archive', 'stamps'];
/** Of the first journey of its kind. */
const added = (trace: KeptTrace, kind: 'route' | 'saga', ...alone: string[]) =>
  forecastOf([readTrace(trace)], outside(MODULES, alone), COST).journeys.find((each) => each.kind === kind)!.added.p50;

describe('a request that asks others', () => {
  const oneByOne = draw(
    ['r', '', 'GET /v1/letters', 'letters', 0, 100],
    ['a', 'r', 'ask archive', 'archive', 10, 20],
    ['b', 'r', 'ask stamps', 'stamps', 30, 40],
    ['c', 'b', 'ask archive', 'archive', 32, 38],
  );
  const atOnce = draw(
    ['r', '', 'GET /v1/letters', 'letters', 0, 100],
    ['a', 'r', 'ask archive', 'archive', 10, 20],
    ['b', 'r', 'ask archive', 'archive', 10, 40],
    ['c', 'r', 'ask archive', 'archive', 11, 30],
  );

  it('waits longer for each question that crosses processes, one after the other', () => {
    expect(added(oneByOne, 'route', 'archive')).toBe(2);
    expect(added(oneByOne, 'route', 'stamps')).toBe(2);
    expect(added(oneByOne, 'route', 'archive', 'stamps')).toBe(3);
  });

  it('waits once for what it asks at the same time', () => {
    expect(added(atOnce, 'route', 'archive')).toBe(1);
  });

  it('is handed on when its own module is not behind the front door', () => {
    expect(added(oneByOne, 'route', 'letters')).toBe(5 + 2);
    expect(added(oneByOne, 'route')).toBe(0);
  });
});

describe('a request that waits for a saga', () => {
  // The event begins it; a command to archive and its answer; then a question; beside it stamps hears of it, for longer.
  const trace = draw(
    ['r', '', 'GET /v1/letters', 'letters', 0, 200],
    ['s1', 'r', 'send sent', 'letters', 8, 10],
    ['h0', 's1', 'stamps.news hears sent', 'stamps', 12, 190],
    ['h1', 's1', 'letters.posting hears sent', 'letters', 15, 20],
    ['s2', 'h1', 'send store', 'letters', 18, 21],
    ['h2', 's2', 'archive.commands hears store', 'archive', 30, 40],
    ['s3', 'h2', 'send store.reply', 'archive', 38, 41],
    ['h3', 's3', 'letters.posting hears store.reply', 'letters', 60, 80],
    ['a', 'h3', 'ask stamps', 'stamps', 65, 70],
    ['q', 'r', 'ask letters', 'letters', 90, 95],
  );
  trace.spans.find(({ spanId }) => spanId === 'h3')!.name = 'process store.reply';

  it('waits for the messages on its way, and for nothing beside it', () => {
    expect(added(trace, 'route', 'archive')).toBe(20);
    expect(added(trace, 'route', 'stamps')).toBe(1);
    expect(added(trace, 'route', 'letters')).toBe(20 + 1 + 5);
  });

  it('tells of the saga as well, from its first message to its last', () => {
    const { journeys } = readTrace(trace);
    expect(journeys.map(({ kind, name, ms }) => ({ kind, name, ms }))).toEqual([
      { kind: 'route', name: 'GET /v1/letters', ms: 200 },
      { kind: 'saga', name: 'letters.posting', ms: 65 },
    ]);
    expect(added(trace, 'saga', 'archive')).toBe(20);
  });

  it('counts messages that nobody waits for as traffic', () => {
    const { perRequest } = forecastOf([readTrace(trace)], outside(MODULES, ['stamps']), COST);
    expect(perRequest).toEqual({ messages: 2, bytes: 300 });
  });

  it('is grouped so that it waits least', () => {
    const readings = [readTrace(trace)];
    const cheapest = (alone: string[], processes: number) =>
      cheapestGrouping(MODULES, readings, COST, { alone, processes });
    expect(cheapest([], 2)).toEqual({ groups: [['letters', 'archive'], ['stamps']], addedMs: 2, exact: true });
    expect(cheapest(['archive'], 2).groups).toEqual([['letters', 'stamps'], ['archive']]);
    expect(cheapest([], 1).addedMs).toBe(0);
    expect(() => cheapest(['archive'], 1)).toThrow(
      '3 modules, 1 of them alone, cannot share 1 processes: expected 2 to 3.',
    );
    expect(() => cheapest([], 4)).toThrow(RangeError);
  });
});
