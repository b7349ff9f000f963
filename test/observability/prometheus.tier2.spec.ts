import { expect, it } from '@jest/globals';
import { startHost } from '../support/host-process.js';
import { needs } from '../support/needs.js';
import { promtool } from '../support/promtool.js';
import { Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';
import { queriesOf, RULES } from './ready-made.js';

const describe = needs('promtool');

describe('the numbers', () => {
  it('are text that Prometheus takes', async () => {
    const env = await ownEnv();
    const shop = new Shop((await startHost(env)).url, env.DATA_DIR);
    const sku = await (await shop.staff()).stocked(10, 700);
    expect((await (await shop.customer()).buy([{ sku, quantity: 2 }])).status).toBe('confirmed');
    const numbers = (await shop.anybody().get<string>('/metrics')).expect(200);
    expect(promtool(['check', 'metrics'], numbers)).toEqual({ status: 0, stdout: '', stderr: '' });
  }, 90_000);
});

describe('the alerts and the dashboard', () => {
  it('are rules that Prometheus takes', () => {
    const { status, stdout, stderr } = promtool(['check', 'rules', '--lint-fatal', RULES]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
  });

  it('fire when they should, and not before', () => {
    const { status, stdout } = promtool(['test', 'rules', 'deploy/observability/alerts.test.yml']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  it('ask in words that Prometheus understands', () => {
    const rules = queriesOf().map((expr, n) => ({
      record: `panel:query${n}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const { status, stderr } = promtool(['check', 'rules'], JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect(rules.length).toBeGreaterThan(10);
  });
});
