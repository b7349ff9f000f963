import { z } from 'zod';
import { defineConfig } from '../../src/platform/index.js';

const milliseconds = z.coerce.number({ error: 'expected a number of milliseconds, at least 1' }).int().min(1);

export class PaymentsConfig extends defineConfig({
  /** How long to keep trying the provider, counted from its first call. */
  PAYMENT_TIMEOUT_MS: milliseconds.default(15_000),
  /** The ledger of the simulated provider is a folder in it. */
  DATA_DIR: z.string().default('.data'),
  NODE_ENV: z.string().default('development'),
}) {}
