import type { PactStates } from '../../src/platform/testing/index.js';
import type { Product } from './product.entity.js';
import { PublishProduct } from './publish-product.js';

/** What consumers expect of the catalog, brought about. */
export const pactStates: PactStates = {
  'catalog.find-products.v1 answers': async (scene, { result }) => {
    for (const product of result as unknown as Partial<Product>[]) {
      const { sku = 'any', name = 'A product', price = { amount: 100, currency: 'EUR' } } = product;
      await scene.execute(new PublishProduct({ sku, name, price }));
    }
  },
};
