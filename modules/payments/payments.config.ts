import { z } from 'zod';
import { defineConfig } from '../../src/platform/index.js';

const milliseconds = z.coerce.number({ error: 'expected a number of milliseconds, at least 1' }).int().min(1);

export class PaymentsConfig extends defineConfig({
  PAYMENT_TIMEOUT_MS: milliseconds
    .default(15_000)
    .describe('total time spent trying the provider; time in which the process is down does not count'),
  DATA_DIR: z.string().default('.data').describe('the ledger of the simulated provider is a folder in it'),
  NODE_ENV: z.string().default('development'),
}) {}
