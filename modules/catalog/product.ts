import { z } from 'zod';
import type { Money } from './contracts/index.js';
import type { Product } from './product.entity.js';

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

/** The product with these changes; the very same object when nothing would be different. */
export function changed<P extends Pick<Product, 'name' | 'price'>>(
  product: P,
  { name = product.name, price = product.price }: ProductChanges,
): P {
  const samePrice = price.amount === product.price.amount && price.currency === product.price.currency;
  return samePrice && name === product.name ? product : { ...product, name, price };
}
