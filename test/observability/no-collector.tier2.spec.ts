import { expect, it } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { eventually } from '../../src/platform/testing/eventually.js';
import { startHost } from '../support/host-process.js';
import { Shop } from '../support/shop.js';
import { afterwards, ownEnv } from '../support/stage.js';

it('a collector that does not answer is no reason to fail, nor to say anything', async () => {
  let attempts = 0;
  const deaf = createServer((socket) => {
    attempts++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => deaf.once('listening', listening));
  afterwards(async () => void deaf.close());
  const env = await ownEnv();
  const host = await startHost({
    ...env,
    LOG_LEVEL: 'info',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`,
    OTEL_BSP_SCHEDULE_DELAY: '20',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  });
  const shop = new Shop(host.url, env.DATA_DIR);
  const sku = await (await shop.staff()).stocked(1);
  expect((await (await shop.customer()).buy([{ sku, quantity: 1 }])).status).toBe('confirmed');
  await eventually(() => attempts > 3, 'attempts to export');
  host.kill('SIGTERM');
  const { code, errors, output } = await host.stopped;
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  // What else a slow machine has it warn of does not matter here.
  expect(output).not.toMatch(/opentelemetry|ECONN|socket hang up/);
}, 60_000);
