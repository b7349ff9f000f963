import { BoundedContext } from '../../src/platform/index.js';
import { CatalogHttp } from './catalog.http.js';
import { CatalogSeed, SeedCatalogHandler } from './catalog.seed.js';
import { ChangeProductHandler } from './change-product.js';
import * as contracts from './contracts/index.js';
import { FindProductsHandler } from './find-products.js';
import { GetProductHandler } from './get-product.js';
import { ListProductsHandler } from './list-products.js';
import { Products1760000000001 } from './migrations/1760000000001-products.js';
import { Product } from './product.entity.js';
import { PublishProductHandler } from './publish-product.js';

@BoundedContext({
  name: 'catalog',
  contracts,
  providers: [
    ChangeProductHandler,
    FindProductsHandler,
    GetProductHandler,
    ListProductsHandler,
    PublishProductHandler,
    SeedCatalogHandler,
  ],
  controllers: [CatalogHttp],
  entities: [Product],
  migrations: [Products1760000000001],
  seed: CatalogSeed,
})
export class CatalogModule {}
