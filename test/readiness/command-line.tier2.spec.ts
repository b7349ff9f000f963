import { describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBuilt } from '../support/host-process.js';
import { emptyFolder } from '../support/stage.js';
import { MODULES } from '../support/topology.js';

const readiness = async (...args: string[]) =>
  await runBuilt('tools/readiness.js', args, { DATA_DIR: join(await emptyFolder(), 'none') }).stopped;

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const span = (spanId: string, parentSpanId: string, module: string, more: object[]) => ({
  traceId: 'aa',
  spanId,
  parentSpanId,
  name: 'GET /v1/orders',
  kind: parentSpanId ? 1 : 2,
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000040000000',
  attributes: [attribute('liftout.module', module), ...more],
});
const route = [attribute('http.route', '/v1/orders'), attribute('http.request.method', 'GET')];
const spans = [span('1', '', 'ordering', route), span('2', '1', 'catalog', [attribute('liftout.kind', 'query')])];
const TRACES = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

describe('npm run readiness', () => {
  it('tells of all modules, and of one, also for programs and as a page', async () => {
    const { code, output } = await readiness();
    expect(code).toBe(0);
    for (const module of MODULES) expect(output).toMatch(new RegExp(`^${module} `, 'm'));
    const one = JSON.parse((await readiness('payments', '--json')).output) as { modules: { module: string }[] };
    expect(one.modules.map(({ module }) => module)).toEqual(['payments']);
    const file = join(await emptyFolder(), 'page.html');
    expect((await readiness('payments', '--html', file)).output).toBe(`wrote ${file}\n`);
    expect(readFileSync(file, 'utf8')).toContain('<h1>Readiness of payments</h1>');
  }, 60_000);

  it('forecasts what a split would cost, and finds the cheapest one', async () => {
    const file = join(await emptyFolder(), 'traces.jsonl');
    writeFileSync(file, TRACES);
    const { output } = await readiness('--traces', file, '--outside', 'catalog');
    expect(output).toMatch(/^GET \/v1\/orders +1 +40 ms +\+ [\d.]+ ms/m);
    const cheapest = await readiness('--traces', file, '--processes', '2', '--alone', 'payments');
    expect(cheapest.output).toMatch(
      /^The cheapest of all groupings: all traces together would wait 0.00 ms longer\.$/m,
    );
  }, 60_000);

  it.each([
    [['billing'], 'There is no module "billing"; expected one of catalog, '],
    [['payments', 'catalog'], 'Name one module, or none. See --help.'],
    [['--since', 'yesterday'], '--since has to be a date, YYYY-MM-DD, not "yesterday". See --help.'],
    [['--sinse', '2026-01-01'], "Unknown option '--sinse'"],
    [['--traces', '/nowhere'], '--traces: /nowhere cannot be read (ENOENT).'],
    [['--metrics', '/nowhere'], '--metrics: /nowhere cannot be read (ENOENT).'],
    [['--outside', 'payments'], 'A forecast needs --traces. See --help.'],
    [['--outside', 'payments,billing'], 'There is no module "billing"'],
    [['--html', '/nowhere/page.html'], '--html: /nowhere/page.html cannot be written (ENOENT).'],
  ])(
    'refuses %j with what is expected',
    async (args, message) => {
      const { code, errors } = await readiness(...args);
      expect([code, errors]).toEqual([2, expect.stringContaining(message)]);
    },
    60_000,
  );

  it('refuses a number of processes that cannot be', async () => {
    const file = join(await emptyFolder(), 'traces.jsonl');
    writeFileSync(file, TRACES);
    const none = await readiness('--traces', file, '--processes', 'many');
    expect([none.code, none.errors]).toEqual([
      2,
      '--processes has to be a number from 1 on, not "many". See --help.\n',
    ]);
    const few = await readiness('--traces', file, '--processes', '9');
    expect([few.code, few.errors]).toEqual([2, expect.stringContaining('cannot share 9 processes: expected 1 to 5.')]);
  }, 60_000);
});
