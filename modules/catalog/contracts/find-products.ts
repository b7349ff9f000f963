import { z } from 'zod';
import { defineQuery } from '../../../src/platform/messaging/define.js';
import { ProductFields } from './product-events.js';

/** The products with these SKUs; those that do not exist are left out. */
export class FindProducts extends defineQuery('catalog.find-products.v1', {
  payload: z.object({ skus: z.array(z.string()).max(100) }),
  result: z.array(ProductFields),
}) {}
