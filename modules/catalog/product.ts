import { z } from 'zod';
import { Money, ProductFields } from './contracts/index.js';

export type Product = z.output<typeof ProductFields>;

/** Neither control characters nor halves of surrogate pairs: PostgreSQL could not keep them. */
export const ProductName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^(?!\s+$)[^\p{Cc}\p{Cs}]*$/u, 'expected text without control characters, and not only spaces');

export interface ProductChanges {
  name?: string | undefined;
  price?: z.output<typeof Money> | undefined;
}

/** The select list that makes a {@link Product} of a row. */
export const PRODUCT = `sku, name, json_build_object('amount', amount, 'currency', currency) AS price`;

/** The product with these changes; the very same object when nothing would be different. */
export function changed(product: Product, { name = product.name, price = product.price }: ProductChanges): Product {
  const samePrice = price.amount === product.price.amount && price.currency === product.price.currency;
  return samePrice && name === product.name ? product : { ...product, name, price };
}
