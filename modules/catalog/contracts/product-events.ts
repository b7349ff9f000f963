import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';
import { Money } from './money.js';

export const Sku = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected 1–64 letters, digits, ".", "_" or "-"');

export const ProductFields = z.object({ sku: Sku, name: z.string().min(1).max(200), price: Money });

export class ProductPublished extends defineEvent('catalog.product-published.v1', {
  key: 'sku',
  payload: ProductFields,
}) {}

/** Name or price is another one now. Carries the whole product. */
export class ProductChanged extends defineEvent('catalog.product-changed.v1', {
  key: 'sku',
  payload: ProductFields,
}) {}
