import { afterEach, describe, expect, it } from '@jest/globals';
import type { Span } from '@opentelemetry/api';
import { SpanKind, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { childContext, runInScope } from '../messaging/context/context.js';
import { createLogger } from './logging.js';
import { MODULE } from './seam-spans.js';
import { beginTrace } from './spans.js';
import { startTracing } from './telemetry.js';

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
  spansEveryMs: 5000,
  metricsEveryMs: 60_000,
  oneService: false,
  modules: ['letters', 'archive'],
  also: [keeping],
} as const;

let end: () => Promise<void>;
const start = async (more: Partial<Parameters<typeof startTracing>[0]> = {}) => {
  end = await startTracing({ ...settings, ...more }, createLogger({ level: 'silent', format: 'json' }));
};
const NAMES = ['OTEL_SERVICE_NAME', 'OTEL_RESOURCE_ATTRIBUTES'] as const;
const before = NAMES.map((name) => [name, process.env[name]] as const);
afterEach(async () => {
  await end();
  spans.length = 0;
  for (const [name, value] of before)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

/** As the platform makes them. */
const make = (name: string, attributes: Record<string, string> = {}) =>
  beginTrace(undefined, () => ({ name, kind: SpanKind.INTERNAL, attributes }))!.span!.end();
const within = (module: string, work: () => unknown) =>
  void runInScope(childContext('letters.send.v1', module), undefined, work);
const reported = () =>
  spans.map(({ name, resource: { attributes } }) =>
    [name, attributes['service.namespace'], attributes['service.name']].map((each) => each ?? '–').join(' '),
  );

describe('a span', () => {
  it('is of the module that it names, else of the one whose handler runs, else of the process', async () => {
    process.env['OTEL_SERVICE_NAME'] = 'post';
    await start();
    make('request');
    make('command', { [MODULE]: 'letters' });
    within('archive', () => make('question'));
    within('archive', () => make('send', { [MODULE]: 'letters' }));
    within('http', () => make('forward'));
    expect(reported()).toEqual([
      'request post post',
      'command post letters',
      'question post archive',
      'send post letters',
      'forward post post',
    ]);
    expect(new Set(spans.map(({ resource }) => resource.attributes['service.instance.id'])).size).toBe(1);
  });

  it('is so as well when a module, or a library that it uses, makes it by the API of OpenTelemetry', async () => {
    await start();
    const tracer = trace.getTracer('some-library', '1.0.0');
    const ended = (span: Span) => span.end();
    within('letters', () => tracer.startSpan('alone').end());
    within('letters', () => tracer.startActiveSpan('active', ended));
    within('archive', () => tracer.startActiveSpan('with options', { attributes: { stamps: 2 } }, ended));
    tracer.startActiveSpan('of another', { attributes: { [MODULE]: 'archive' } }, ended);
    tracer.startActiveSpan('outside', ended);
    expect(reported()).toEqual([
      'alone liftout letters',
      'active liftout letters',
      'with options liftout archive',
      'of another liftout archive',
      'outside liftout liftout',
    ]);
    expect(spans[2]!.attributes).toEqual({ stamps: 2 });
    expect(spans.map(({ instrumentationScope }) => instrumentationScope.name)).toEqual(Array(5).fill('some-library'));
  });

  it('keeps a namespace that the environment names', async () => {
    process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'service.namespace=north,service.name=post';
    await start();
    make('request');
    make('command', { [MODULE]: 'letters' });
    expect(reported()).toEqual(['request north post', 'command north letters']);
  });

  it('is of one service with OTEL_TRACES_ONE_SERVICE, as before', async () => {
    await start({ oneService: true });
    make('request');
    make('command', { [MODULE]: 'letters' });
    within('archive', () => trace.getTracer('some-library').startSpan('alone').end());
    expect(reported()).toEqual(['request – liftout', 'command – liftout', 'alone – liftout']);
  });
});
