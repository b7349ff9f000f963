import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/platform/observability/logging.js';
import { startTracing } from '../../src/platform/observability/telemetry.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { startReplica } from '../support/replica.js';
import { PlanTrip, scripts, travel } from '../support/travel.js';

const spans: ReadableSpan[] = [];
const keeping = {
  onStart: () => undefined,
  onEnd: (span: ReadableSpan) => void spans.push(span),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};
const settings = {
  disabled: false,
  export: { traces: false, metrics: false },
  sampler: 'parentbased_always_on',
  ratio: 1,
  oneService: false,
  modules: ['travel'],
  spansEveryMs: 5000,
  metricsEveryMs: 60_000,
  also: [keeping],
} as const;

describe('a timeout of a saga', () => {
  let data: TestDatabase;
  let endTracing: () => Promise<void>;
  beforeAll(async () => {
    endTracing = await startTracing(settings, createLogger({ level: 'silent', format: 'json' }));
    data = await testDatabase(travel);
  });
  afterAll(async () => {
    await endTracing();
    await data.drop();
  });

  it('goes on in the trace of the step that armed it, also after a restart', async () => {
    scripts.set('hotel.book-room.v1', () => {
      throw new Error('the system of the hotel is down');
    });
    const first = await startReplica(data, travel);
    await first.execute(new PlanTrip({ tripId: 'trip-1', patienceMs: 1500 }));
    await eventually(() => find('process hotel.book-room.v1'), 'the failing attempt');
    await first.stop();
    const armed = find('process travel.trip-planned.v1')!;
    const second = await startReplica(data, travel);
    const timeout = await eventually(() => spans.find(({ name }) => name.startsWith('timeout ')), 'the timeout');
    await second.stop();
    expect(timeout.parentSpanContext).toMatchObject({ spanId: armed.spanContext().spanId });
    expect(timeout.spanContext().traceId).toBe(armed.spanContext().traceId);
    expect(armed.attributes).toMatchObject({ 'liftout.saga.instance': 'trip-1' });
    const failing = find('process hotel.book-room.v1')!;
    expect(failing).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'Unavailable' } });
  });
});

const find = (name: string) => spans.find((span) => span.name === name);
