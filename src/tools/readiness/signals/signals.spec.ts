import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleCode } from '../project.js';
import { metricFacts, traceFacts } from './facts.js';
import { readMetrics } from './metrics.js';
import { readTraces } from './traces.js';

const folder = mkdtempSync(join(tmpdir(), 'signals-'));
const servers: Server[] = [];
afterAll(() => {
  rmSync(folder, { recursive: true });
  for (const server of servers) server.close();
});

const file = (text: string) => {
  const path = join(folder, `${servers.length}-${text.length}`);
  writeFileSync(path, text);
  return path;
};

/** Answers each path as it is told; anything else with 404. */
async function serving(answers: (url: URL) => unknown): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const answer = answers(new URL(request.url!, 'http://here'));
    response.writeHead(answer === undefined ? 404 : 200);
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((listening) => server.once('listening', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const span = (
  spanId: string,
  parentSpanId: string,
  name: string,
  kind: number,
  module: string,
  ms: number,
  more: object[] = [],
) => ({
  traceId: 'aa',
  spanId,
  parentSpanId,
  name,
  kind,
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(ms * 1_000_000)),
  attributes: [text('liftout.module', module), ...more],
});
const from = (service: string, ...spans: object[]) => ({
  resource: { attributes: [text('service.name', service)] },
  scopeSpans: [{ spans }],
});
const line = (...resourceSpans: object[]) => JSON.stringify({ resourceSpans });
/** One trace by two versions: a process that reports as one service, and one that reports each module as its own. */
const OTLP = [
  line(
    from('post', span('1', '', 'GET /v1/letters', 2, 'letters', 40, [text('http.route', '/v1/letters')])),
    from('archive', span('2', '1', 'archive.find-letter.v1', 1, 'archive', 30, [text('liftout.kind', 'query')])),
  ),
  line(
    from(
      'post',
      span('3', '2', 'SELECT letter', 3, 'archive', 10, [text('db.system.name', 'postgresql')]),
      span('4', '9', 'process letters.letter-sent.v1', 5, 'archive', 20),
    ),
  ),
].join('\n');

const code = (module: string) =>
  ({ module, entries: [{ kind: 'route', name: `GET /v1/${module}`, at: '', asks: [] }] }) as unknown as ModuleCode;

describe('traces', () => {
  it('are read from lines of OTLP, and tell whose time is spent', async () => {
    const traces = await readTraces(file(OTLP));
    expect(traces).toHaveLength(1);
    expect(traces[0]!.spans.map(({ spanId, parentId, kind, ms }) => ({ spanId, parentId, kind, ms }))).toEqual([
      { spanId: '1', parentId: undefined, kind: 1, ms: 40 },
      { spanId: '2', parentId: '1', kind: 0, ms: 30 },
      { spanId: '3', parentId: '2', kind: 2, ms: 10 },
      { spanId: '4', parentId: '9', kind: 4, ms: 20 },
    ]);
    const facts = traceFacts(traces, 'a file')(code('archive'));
    expect(facts.map(({ state, text: said }) => `${state}: ${said}`)).toEqual([
      'todo: 0 of 1 message that it handled lie in the trace of their sender.',
      'figure: 100 % of processor time (an estimate from spans), 100 % of the time of statements.',
      'figure: 0 of its spans failed.',
    ]);
    expect(traceFacts(traces, 'a file')(code('stamps'))[0]!.text).toBe('No span of it was recorded.');
  });

  it('are asked of Jaeger', async () => {
    const spans = [
      {
        traceID: 'aa',
        spanID: '1',
        operationName: 'GET /v1/letters',
        startTime: 1e15,
        duration: 40_000,
        processID: 'p1',
        tags: [{ key: 'span.kind', value: 'server' }],
      },
      {
        traceID: 'aa',
        spanID: '2',
        operationName: 'x',
        references: [{ refType: 'CHILD_OF', traceID: 'aa', spanID: '1' }],
        startTime: 1e15,
        duration: 1500,
        processID: 'p2',
        tags: [{ key: 'liftout.module', value: 'archive' }],
      },
    ];
    const url = await serving(({ pathname, searchParams }) => {
      if (pathname === '/api/services') return { data: ['post', 'archive'] };
      const processes = { p1: { serviceName: 'post' }, p2: { serviceName: 'archive' } };
      return pathname === '/api/traces' && searchParams.get('service') ? { data: [{ spans, processes }] } : undefined;
    });
    const [trace, ...more] = await readTraces(url);
    expect(more).toEqual([]);
    expect(trace!.spans).toMatchObject([
      { spanId: '1', kind: 1, ms: 40, start: 1e12 },
      { spanId: '2', kind: 0, parentId: '1', ms: 1.5, module: 'archive' },
    ]);
  });

  it('are read however many spans Jaeger has', async () => {
    const spans = Array.from({ length: 150_000 }, (_, n) => ({
      traceID: 'aa',
      spanID: String(n),
      operationName: 'x',
      startTime: 1e15,
      duration: 1,
    }));
    const url = await serving(({ pathname }) => ({ data: pathname === '/api/services' ? ['post'] : [{ spans }] }));
    expect((await readTraces(url))[0]!.spans).toHaveLength(150_000);
  });

  it.each([
    [
      'a file that is not there',
      () => '/nowhere/traces.jsonl',
      /^--traces: \/nowhere\/traces.jsonl cannot be read \(ENOENT\)/,
    ],
    [
      'a file of something else',
      () => file('{}\nno json'),
      /:2 is no export of OTLP: expected \{"resourceSpans": \[…\]\} in each line/,
    ],
    ['a file without spans', () => file('{}'), /^--traces: there is no span in /],
    [
      'an address that does not answer',
      () => 'http://127.0.0.1:65530',
      /^--traces: .* does not answer \(ECONNREFUSED\). Expected the address of Jaeger/,
    ],
    ['another address', () => serving(() => undefined), /answers 404. Expected the address of Jaeger/],
    ['an address that answers something else', () => serving(() => 'hello'), /is not the query API of Jaeger/],
  ])('cannot be read from %s, and say what is expected', async (_, source, message) => {
    await expect(readTraces(await source())).rejects.toThrow(message);
  });
});

const TEXT = `# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_count{http_request_method="GET",http_route="/v1/letters",http_response_status_code="200"} 30
http_server_request_duration_seconds_count{http_request_method="GET",http_route="/v1/archive",http_response_status_code="200"} 10
liftout_seam_duration_seconds_count{from="letters",to="archive",message="a.b.v1",kind="query",outcome="ok"} 15
liftout_seam_duration_seconds_count{from="letters",to="archive",message="a.b.v1",kind="query",outcome="down"} 5
liftout_seam_duration_seconds_count{from="archive",to="archive",message="a.b.v1",kind="query",outcome="down"} 80
`;

describe('metrics', () => {
  it.each([
    ['a file', () => file(TEXT)],
    [
      'the page of a process',
      async () => `${await serving(({ pathname }) => (pathname === '/metrics' ? TEXT : undefined))}/metrics`,
    ],
  ])('are read from %s: shares, and failures at the seam', async (_, source) => {
    const facts = metricFacts(await readMetrics(await source()))(code('archive'));
    expect(facts.map(({ text: said }) => said)).toEqual([
      '25 % of all requests (10). Peaks are not in it: that takes the address of Prometheus.',
      '25 % of 20 messages of others to it failed or had no answer.',
    ]);
  });

  it('are asked of Prometheus, with peaks', async () => {
    const sample = (metric: object, value: number) => ({ metric, value: [0, String(value)] });
    const answerOf = (query: string) => {
      const scale = query.startsWith('max_over') ? [9, 2] : query.startsWith('avg_over') ? [3, 2] : [30, 10];
      if (query.includes('liftout_seam')) return [];
      return ['letters', 'archive'].map((name, at) =>
        sample({ http_request_method: 'GET', http_route: `/v1/${name}` }, scale[at]!),
      );
    };
    const url = await serving(({ pathname, searchParams }) =>
      pathname === '/api/v1/query'
        ? { status: 'success', data: { result: answerOf(searchParams.get('query')!) } }
        : undefined,
    );
    const [load] = metricFacts(await readMetrics(url))(code('letters'));
    expect(load!.text).toBe(
      '75 % of all requests (30). Its busiest five minutes have 3.0 × its mean, those of the rest 1.0 ×.',
    );
  });

  it.each([
    ['a file of something else', () => file('hello'), /is no text of Prometheus. Expected that of \/metrics/],
    ['an address that answers something else', () => serving(() => 'hello'), /is not the HTTP API of Prometheus/],
    ['an address that does not answer', () => 'http://127.0.0.1:65530', /^--metrics: .* does not answer/],
  ])('cannot be read from %s, and say what is expected', async (_, source, message) => {
    await expect(readMetrics(await source())).rejects.toThrow(message);
  });

  it('metrics that are missing are said to be', () => {
    expect(metricFacts(undefined)(code('letters'))[0]).toMatchObject({
      state: 'missing',
      text: 'No metrics were looked at.',
    });
    expect(traceFacts(undefined)(code('letters')).map(({ state }) => state)).toEqual(['missing', 'missing']);
  });
});
