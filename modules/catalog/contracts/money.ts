import { z } from 'zod';

/** A price in minor units (cents), never a fraction. */
export const Money = z.object({
  amount: z.int().min(0).max(1_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'expected an ISO 4217 code such as EUR'),
});

/** What prices come to, times quantities: it may be more than the highest price. */
export const Total = Money.extend({ amount: z.int().min(0) });
