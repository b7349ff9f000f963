import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import {
  Column,
  Entity,
  ForeignKey,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  ViewEntity,
} from 'typeorm';
import { BoundedContext } from '../../src/platform/index.js';
import { metadataLeaks } from '../../src/platform/testing/index.js';
import { everyModule } from './every-module.js';

type Entities = (new () => object)[];

function context(name: string, entities: unknown[], migrations: (new () => MigrationInterface)[] = []): Type {
  @BoundedContext({ name, contracts: {}, providers: [], entities: entities as Entities, migrations })
  class Context {}
  return Context;
}

@Entity()
class Product {
  @PrimaryColumn('text')
  sku!: string;

  @OneToMany(() => Picture, (picture) => picture.product)
  pictures!: Picture[];
}

@Entity()
class Picture {
  @PrimaryColumn('text')
  url!: string;

  @ManyToOne(() => Product, (product) => product.pictures)
  product!: Product;
}

const catalog = context('catalog', [Product, Picture]);
const leaksOf = (...entities: unknown[]) => metadataLeaks([catalog, context('inventory', entities)]);

it('the modules of the shop map tables of their own schemas only', async () => {
  expect(await metadataLeaks(everyModule())).toEqual([]);
});

it('a module may have relations among its own entities', async () => {
  expect(await metadataLeaks([catalog])).toEqual([]);
});

describe('an entity is refused', () => {
  it('an entity is refused when two modules map it', async () => {
    expect(await leaksOf(Product, Picture)).toEqual([
      'Product is mapped by catalog and by inventory: leave it to the module that owns it.',
      'Picture is mapped by catalog and by inventory: leave it to the module that owns it.',
    ]);
  });

  it('an entity is refused when it is found by a pattern instead of being named', async () => {
    expect(await leaksOf('modules/*/*.entity.js')).toEqual([
      'inventory maps "modules/*/*.entity.js": list the classes, so that nobody else\'s are among them.',
    ]);
  });

  it('an entity is refused when it has a relation to an entity of another module', async () => {
    @Entity()
    class Stock {
      @PrimaryColumn('text')
      sku!: string;

      @ManyToOne(() => Product)
      product!: object;
    }
    expect(await leaksOf(Stock)).toEqual([
      'inventory: Stock.product refers to Product, which is not an entity of inventory. ' +
        'Keep its id, and ask its module by a query.',
    ]);
  });

  it('an entity is refused when it has a relation by name', async () => {
    @Entity()
    class Stock {
      @PrimaryColumn('text')
      sku!: string;

      @ManyToOne('Product')
      product!: object;
    }
    expect(await leaksOf(Stock)).toEqual([
      'inventory: Stock.product refers to "Product", which is not an entity of inventory. ' +
        'Keep its id, and ask its module by a query.',
    ]);
  });

  it('an entity is refused when it inherits or embeds such a relation', async () => {
    abstract class Priced {
      @ManyToOne(() => Product)
      priced!: object;
    }
    class Origin {
      @ManyToOne(() => Product)
      origin!: object;
    }
    @Entity()
    class Stock extends Priced {
      @PrimaryColumn('text')
      sku!: string;

      @Column(() => Origin)
      from!: Origin;
    }
    const leaks = await leaksOf(Stock);
    expect(leaks.map((leak) => leak.split(' refers')[0])).toEqual([
      'inventory: Stock.priced',
      'inventory: Stock.origin',
    ]);
  });

  it('an entity is refused when it declares a foreign key alone', async () => {
    @Entity()
    class Stock {
      @PrimaryColumn('text')
      @ForeignKey(() => Product)
      sku!: string;
    }
    expect(await leaksOf(Stock)).toEqual([
      'inventory: Stock.sku refers to Product, which is not an entity of inventory. ' +
        'Keep its id, and ask its module by a query.',
    ]);
  });

  it('an entity is refused when it extends an entity of another module', async () => {
    @Entity()
    class Bundle extends Picture {}
    expect(await leaksOf(Bundle)).toContain(
      "inventory: Bundle extends Picture, an entity that is not inventory's. Write out its columns.",
    );
  });

  it.each([
    ['schema', { schema: 'catalog' }, 'catalog.stock'],
    ['database', { database: 'postgres' }, 'postgres.inventory.stock'],
    ['dotted name', { name: 'catalog.product' }, 'inventory.catalog.product'],
  ])('an entity is refused when it names another %s', async (_, options, path) => {
    @Entity(options)
    class Stock {
      @PrimaryColumn('text')
      sku!: string;
    }
    expect(await leaksOf(Stock)).toEqual([
      `inventory: Stock is stored in ${path}: leave out schema and database, its tables are in inventory.`,
    ]);
  });

  it('an entity is refused when the table between two of its entities is in another schema', async () => {
    @Entity()
    class Place {
      @PrimaryColumn('text')
      name!: string;
    }
    @Entity()
    class Stock {
      @PrimaryColumn('text')
      sku!: string;

      @ManyToMany(() => Place)
      @JoinTable({ name: 'stock_places', schema: 'catalog' })
      places!: Place[];
    }
    expect(await leaksOf(Place, Stock)).toEqual([
      'inventory: stock_places is stored in catalog.stock_places: leave out schema and database, its tables are in inventory.',
    ]);
  });

  it('an entity is refused when it is a view over another schema', async () => {
    @ViewEntity({ expression: 'SELECT p.sku FROM "catalog".product p' })
    class Catalogue {
      @PrimaryColumn('text')
      sku!: string;
    }
    expect(await leaksOf(Catalogue)).toEqual([
      'inventory: the view Catalogue reads the schema catalog. Keep a copy of what its events say.',
    ]);
  });

  it("an entity is refused when it is one of the platform's tables", async () => {
    @Entity('outbox')
    class Said {
      @PrimaryColumn('uuid')
      id!: string;
    }
    expect(await leaksOf(Said)).toEqual([
      'inventory: Said is stored in outbox, a table of the platform. Give it another name.',
    ]);
  });
});

it('a migration belongs to one module', async () => {
  class Stock1790000000001 implements MigrationInterface {
    async up() {}
    async down() {}
  }
  const both = ['catalog', 'inventory'].map((name) => context(name, [], [Stock1790000000001]));
  expect(await metadataLeaks(both)).toEqual([
    'Stock1790000000001 is mapped by catalog and by inventory: leave it to the module that owns it.',
  ]);
});
