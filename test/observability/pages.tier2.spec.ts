import { beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../../src/platform/testing/eventually.js';
import { openBrowser } from '../support/browser.js';
import { startHost } from '../support/host-process.js';
import { Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';
import { MODULES } from '../support/topology.js';
import { needs } from '../support/needs.js';

const describe = needs('chromium');

let browser: Browser;
let shop: Shop;
let traceId: string;

beforeAll(async () => {
  const env = { ...(await ownEnv()), LOG_LEVEL: 'info' };
  shop = new Shop((await startHost(env)).url, env.DATA_DIR);
  browser = await openBrowser();
  const sku = await (await shop.staff()).stocked(10);
  const placed = await (await shop.customer()).place([{ sku, quantity: 1 }], 'tok_flaky', { wait: 30 });
  placed.expect(200);
  traceId = placed.headers.get('x-trace-id')!;
  await eventually(async () => {
    const path = `/_dev/traces/${traceId}`;
    const { status, body } = await shop.anybody().get<{ spans: Named[] }>(path, { accept: 'application/json' });
    return status === 200 && body.spans.some(({ name }) => name === 'process ordering.order-confirmed.v1');
  }, 'the whole trace');
}, 90_000);

interface Named {
  name: string;
}

/** Opens a page; nothing on it may fail, and nothing may come from elsewhere. */
async function open(
  path: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ colorScheme });
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => !/^(data:|http:\/\/127)/.test(request.url()) && problems.push(request.url()));
  await page.goto(shop.url + path);
  return { page, problems };
}

describe('the development pages', () => {
  it('show the modules, and what goes between them', async () => {
    const { page, problems } = await open('/_dev');
    for (const module of MODULES) expect(await page.getByRole('link', { name: `Traces of ${module}` }).count()).toBe(1);
    const seam = page.getByRole('row').filter({ hasText: 'inventory.reserve-stock.v1' }).filter({ hasText: 'command' });
    expect(await seam.first().innerText()).toMatch(/ordering\s+inventory/);
    expect(await page.locator('svg .edge.busy').count()).toBeGreaterThan(4);
    expect(await page.locator('svg .event').count()).toBeGreaterThan(3);
    expect(problems).toEqual([]);
  });

  it('are reached and read by keyboard: the order, its spans, messages and log lines', async () => {
    const { page, problems } = await open('/_dev/traces');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.locator(`a[href="/_dev/traces/${traceId}"]`).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/${traceId}`);
    const spans = page.locator('.waterfall details');
    expect(await spans.count()).toBeGreaterThan(40);
    const first = spans.first();
    await first.locator('summary').focus();
    await page.keyboard.press('Enter');
    expect(await first.locator('dl').isVisible()).toBe(true);
    expect(await first.innerText()).toContain('http.response.status_code');
    const text = await page.locator('main').innerText();
    for (const module of MODULES) expect(text).toContain(module);
    expect(text).toContain('payments.charge-at-provider');
    const lines = page.getByRole('row').filter({ hasText: '"route":"/v1/orders"' });
    expect(await lines.count()).toBe(1);
    expect(problems).toEqual([]);
  });

  it('show whether a module should leave, with the weight of each arrow, by keyboard', async () => {
    const { page, problems } = await open('/_dev/readiness');
    expect(await page.locator('svg .edge.busy').count()).toBeGreaterThan(4);
    const row = page.getByRole('row').filter({ hasText: 'POST /v1/orders' });
    expect(await row.first().innerText()).toMatch(/\+ [\d.]+ (?:ms|µs)/);
    await page.getByRole('link', { name: 'payments', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/_dev/readiness?module=payments');
    const text = await page.locator('main').innerText();
    for (const part of ['Ready?', 'Justified?', 'What would it cost']) expect(text).toContain(part);
    expect(text).toContain('@liftout/payments owns it, and reviews it.');
    expect(text).toContain('messages that it handled lie in the trace of their sender.');
    expect(problems).toEqual([]);
  }, 60_000);

  it('say so when there is no such module', async () => {
    const { status, body } = await shop.anybody().get<{ code: string }>('/_dev/readiness?module=billing');
    expect([status, body.code]).toEqual([404, 'unknown_module']);
  });

  it.each(['light', 'dark'] as const)('can be read in %s', async (scheme) => {
    const readiness = ['/_dev/readiness', '/_dev/readiness?module=payments'];
    for (const path of ['/_dev', '/_dev/traces', `/_dev/traces/${traceId}`, ...readiness]) {
      const { page, problems } = await open(path, scheme);
      expect(await page.evaluate(LOW_CONTRASTS)).toEqual([]);
      expect(problems).toEqual([]);
      await page.close();
    }
  });

  it('escape what is shown', async () => {
    const text = '"><script>alert(1)</script>';
    const { page, problems } = await open(`/_dev/traces?q=${encodeURIComponent(text)}`);
    expect(await page.locator('input').inputValue()).toBe(text);
    expect(await page.locator('script').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('say so when a trace is not here', async () => {
    const { status, body } = await shop.anybody().get<{ code: string }>(`/_dev/traces/${'0'.repeat(32)}`);
    expect([status, body.code]).toEqual([404, 'unknown_trace']);
  });
});

/** Texts whose contrast to what is behind them is below 4.5 : 1, as WCAG asks for. */
const LOW_CONTRASTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const element of document.querySelectorAll('main *, header *')) {
    if (element.closest('svg') || ![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.add(element.className + ': ' + element.textContent.trim().slice(0, 30));
  }
  return [...low];
})()`;
