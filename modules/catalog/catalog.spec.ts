import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../src/platform/testing/index.js';
import { scenario } from '../../src/platform/testing/index.js';
import { CatalogModule } from './catalog.module.js';
import { CatalogSeed } from './catalog.seed.js';
import { ChangeProduct } from './change-product.js';
import { FindProducts, ProductChanged, ProductPublished } from './contracts/index.js';
import { GetProduct } from './get-product.js';
import { ListProducts } from './list-products.js';
import { Product } from './product.entity.js';
import { PublishProduct } from './publish-product.js';

const price = { amount: 6490, currency: 'EUR' };
const kettle = { sku: 'kettle', name: 'Kettle', price };

let scene: Scenario;
beforeAll(async () => void (scene = await scenario(CatalogModule)));
afterAll(() => scene.close());
beforeEach(() => scene.repository(Product).deleteAll());

const stored = () => scene.repository(Product).findOneByOrFail({ sku: 'kettle' });

describe('a product', () => {
  it('is published once', async () => {
    expect(await scene.execute(new PublishProduct(kettle))).toEqual(kettle);
    expect(await stored()).toMatchObject({ ...kettle, publishedAt: expect.any(Date), changedAt: expect.any(Date) });
    await scene.published(ProductPublished, kettle);
    const again = scene.execute(new PublishProduct({ ...kettle, name: 'Another' }));
    await expect(again).rejects.toMatchObject({ code: 'product_exists' });
    expect(await stored()).toMatchObject(kettle);
  });

  it('is changed, and says so, when something is different', async () => {
    await scene.execute(new PublishProduct(kettle));
    const { changedAt } = await stored();
    const dearer = { amount: 6990, currency: 'EUR' };
    expect(await scene.execute(new ChangeProduct({ sku: 'kettle', price: dearer }))).toEqual({
      ...kettle,
      price: dearer,
    });
    await scene.published(ProductChanged, { sku: 'kettle', price: dearer });
    expect((await stored()).changedAt.getTime()).toBeGreaterThan(changedAt.getTime());
    const before = await stored();
    await scene.execute(new ChangeProduct({ sku: 'kettle', price: dearer }));
    expect(await stored()).toEqual(before);
    expect(await scene.allPublished(ProductChanged)).toHaveLength(1);
  });

  it('adds up two changes at the same time', async () => {
    await scene.execute(new PublishProduct(kettle));
    const dearer = { amount: 7990, currency: 'EUR' };
    const changes = [{ name: 'Gooseneck kettle' }, { price: dearer }];
    await Promise.all(changes.map((change) => scene.execute(new ChangeProduct({ sku: 'kettle', ...change }))));
    expect(await stored()).toMatchObject({ name: 'Gooseneck kettle', price: dearer });
  });

  it('has to be there to be changed or got', async () => {
    const unknown = { code: 'unknown_product' };
    await expect(scene.execute(new ChangeProduct({ sku: 'ghost', name: 'Ghost' }))).rejects.toMatchObject(unknown);
    await expect(scene.execute(new GetProduct({ sku: 'ghost' }))).rejects.toMatchObject(unknown);
  });
});

it('products are found by SKU, and listed in the order of its bytes', async () => {
  for (const sku of ['b', 'C', 'a']) await scene.execute(new PublishProduct({ ...kettle, sku }));
  const skus = ['a', 'ghost', 'C'];
  expect(await scene.execute(new FindProducts({ skus }))).toEqual([
    { ...kettle, sku: 'C' },
    { ...kettle, sku: 'a' },
  ]);
  expect(await scene.execute(new FindProducts({ skus: [] }))).toEqual([]);
  const { items, next } = await scene.execute(new ListProducts({ limit: 2 }));
  expect({ skus: items.map(({ sku }) => sku), next }).toEqual({ skus: ['C', 'a'], next: 'a' });
  expect((await scene.execute(new ListProducts({ limit: 2, after: next }))).items).toEqual([{ ...kettle, sku: 'b' }]);
  expect(await scene.execute(new GetProduct({ sku: 'b' }))).toEqual({ ...kettle, sku: 'b' });
});

it('the example products are published once, by two replicas as well', async () => {
  const seed = scene.get(CatalogSeed);
  await Promise.all([seed.seed(), seed.seed()]);
  expect(await scene.repository(Product).count()).toBe(7);
});
