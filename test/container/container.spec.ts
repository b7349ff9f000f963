import { describe, expect, it } from '@jest/globals';
import type { ModuleMetadata, NestModule, Type } from '@nestjs/common';
import { Controller, Get, Global, Inject, Injectable, Module, Optional } from '@nestjs/common';
import { APP_GUARD, ApplicationConfig, HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core';
import { BoundedContext, Database } from '../../src/platform/index.js';
import { containerLeaks } from '../../src/platform/testing/index.js';
import { everyModule } from './every-module.js';

/** A bounded context as it has to be, with whatever Nest's own decorator adds to it. */
function context(name: string, nest: ModuleMetadata, decorate: ClassDecorator = () => undefined): Type {
  const { providers = [], controllers = [], ...more } = nest;
  @decorate
  @Module(more)
  @BoundedContext({ name, contracts: {}, providers, controllers })
  class Context {}
  return Context;
}

@Injectable()
class Prices {}

@Injectable()
class Shelf {
  constructor(readonly database: Database) {}
}

describe('the container of the shop', () => {
  it('has no way from one module into another', async () => {
    expect(await containerLeaks(everyModule())).toEqual([]);
  });
});

describe('two modules', () => {
  it('may each have providers, controllers and helpers of their own', async () => {
    @Module({ providers: [Prices], exports: [Prices] })
    class Helper {}
    @Injectable()
    class Label {
      constructor(readonly prices: Prices) {}
    }
    @Controller('labels')
    class Labels {
      constructor(readonly label: Label) {}
      @Get()
      all() {
        return [this.label];
      }
    }
    const catalog = context('catalog', { imports: [Helper], providers: [Label], controllers: [Labels] });
    expect(await containerLeaks([catalog, context('inventory', { providers: [Shelf] })])).toEqual([]);
  });

  it('must not export', async () => {
    const catalog = context('catalog', { providers: [Prices], exports: [Prices] });
    expect(await containerLeaks([catalog, context('inventory', {})])).toEqual([
      'catalog exports Prices: others have to ask by a query or command of its contracts.',
    ]);
  });

  it('must not import each other', async () => {
    const catalog = context('catalog', {});
    expect(await containerLeaks([catalog, context('inventory', { imports: [catalog] })])).toEqual([
      'inventory imports the module catalog: send it a query or command of its contracts instead.',
    ]);
  });

  it('must not import each other through a module between them', async () => {
    const catalog = context('catalog', {});
    @Module({ imports: [catalog] })
    class Bridge {}
    expect(await containerLeaks([catalog, context('inventory', { imports: [Bridge] })])).toEqual([
      'Bridge imports the module catalog: send it a query or command of its contracts instead.',
    ]);
  });

  it('must not inject from each other, even where Nest allows it', async () => {
    const catalog = context('catalog', { providers: [Prices], exports: [Prices] });
    @Injectable()
    class Stock {
      constructor(readonly prices: Prices) {}
    }
    @Injectable()
    class Report {
      @Inject(Prices)
      readonly prices!: Prices;
    }
    const total = { provide: Shelf, inject: [Prices], useFactory: (prices: Prices) => prices };
    const leaks = await containerLeaks([
      catalog,
      context('inventory', { imports: [catalog], providers: [Stock, Report, total] }),
    ]);
    const asked = (name: string) =>
      `${name} of inventory injects Prices of catalog: ask by a query or command instead.`;
    expect(leaks).toEqual(expect.arrayContaining(['Stock', 'Report', 'Shelf'].map(asked)));
  });

  it('must not be global, nor make what they import global', async () => {
    const catalog = context('catalog', {}, Global());
    @Global()
    @Module({ providers: [Prices], exports: [Prices] })
    class Everywhere {}
    const inventory = context('inventory', { imports: [Everywhere] });
    expect(await containerLeaks([catalog, inventory])).toEqual([
      'catalog is @Global: every module could inject what it has. Remove the decorator.',
      'Everywhere is @Global: every module could inject what it has. Remove the decorator.',
    ]);
  });

  it.each([
    ['a string', 'PRICES', '"PRICES"'],
    ['a symbol', Symbol.for('prices'), 'Symbol(prices)'],
  ])('must not provide %s, which anybody can write down', async (_, provide, shown) => {
    const catalog = context('catalog', { providers: [{ provide, useValue: 1 }] });
    expect(await containerLeaks([catalog])).toEqual([
      `catalog provides ${shown}, a token that any module can write down. Use a class as the token.`,
    ]);
  });

  it('must not guard, check, change or translate what happens in all of them', async () => {
    const guard = { provide: APP_GUARD, useValue: { canActivate: () => true } };
    const catalog = context('catalog', { providers: [guard] });
    expect(await containerLeaks([catalog])).toEqual([
      "catalog provides APP_GUARD, which acts on every module's routes. Put it on its own controllers.",
    ]);
  });

  it.each([
    ['the configuration of the application', ApplicationConfig],
    ['the HTTP server', HttpAdapterHost],
    ['all modules', ModulesContainer],
  ])('must not inject %s', async (_, token: Type) => {
    @Injectable()
    class Meddler {
      constructor(
        readonly reflector: Reflector,
        @Inject(token) readonly all: unknown,
      ) {}
    }
    @Module({ providers: [Meddler] })
    class Helper {}
    expect(await containerLeaks([context('catalog', { imports: [Helper] })])).toEqual([
      `Meddler of Helper injects ${token.name}, through which it could change every module's routes. ` +
        'Put guards, pipes, interceptors and filters on its own controllers.',
    ]);
  });

  it('must not answer below the paths of each other or of the platform, also where these are computed', async () => {
    const at = (...segments: string[]) => segments.join('/');
    @Controller(at('v1', 'products'))
    class Products {}
    @Controller(at('/v1', 'products-archive'))
    class Archive {}
    @Controller()
    class Reports {
      @Get(at('v1', 'products', 'reports'))
      products() {}
      @Get(at('v1', 'reports'))
      own() {}
    }
    @Controller([at('V1', 'reports'), at('v1', ':kind', 'levels')])
    class Levels {}
    @Controller(at('_ops', 'stock'))
    class Stock {}
    const catalog = context('catalog', { controllers: [Products] });
    const inventory = context('inventory', { controllers: [Archive, Reports, Stock] });
    expect(await containerLeaks([catalog, inventory, context('shelf', { controllers: [Levels] })])).toEqual([
      'Reports of inventory answers below a path of catalog: give /v1/products/reports another path.',
      'Reports of inventory answers below a path of shelf: give /v1/reports another path.',
      'Stock of inventory answers below /_ops, which belongs to the platform: give /_ops/stock another path.',
      'Levels of shelf answers below a path of inventory: give /V1/reports another path.',
      'Levels of shelf answers below a path of catalog: give /v1/:kind/levels another path.',
    ]);
  });

  it('must not apply middleware', async () => {
    @BoundedContext({ name: 'catalog', contracts: {}, providers: [] })
    class Catalog implements NestModule {
      configure() {}
    }
    expect(await containerLeaks([Catalog])).toEqual([
      "catalog applies middleware, which can run for others' routes. Use a guard or interceptor of its controllers.",
    ]);
  });

  it('must not share a module that holds something', async () => {
    @Module({ providers: [Prices], exports: [Prices] })
    class Common {}
    const [catalog, inventory] = ['catalog', 'inventory'].map((name) => context(name, { imports: [Common] }));
    expect(await containerLeaks([catalog!, inventory!])).toEqual([
      'Common is imported by catalog and inventory: what it provides is shared between them. ' +
        'Give each of them its own, or move what is general into the platform.',
    ]);
  });

  it('must not provide the same class', async () => {
    const both = ['catalog', 'inventory'].map((name) => context(name, { providers: [Shelf] }));
    expect(await containerLeaks(both)).toEqual([
      'Shelf is a provider of catalog and of inventory: a class belongs to one module. ' +
        'Let the others ask by a query or command of its contracts.',
    ]);
  });

  it('must not ask for what they were not given', async () => {
    @Injectable()
    class Stock {
      constructor(readonly prices: Prices) {}
    }
    const [leak] = await containerLeaks([
      context('catalog', { providers: [Prices] }),
      context('inventory', { providers: [Stock] }),
    ]);
    expect(leak).toMatch(/^Nest cannot build the container: Nest can't resolve dependencies of the Stock/);
  });

  it('are found out when they make a dependency optional, once it is there', async () => {
    const catalog = context('catalog', { providers: [Prices], exports: [Prices] }, Global());
    @Injectable()
    class Stock {
      constructor(@Optional() readonly prices?: Prices) {}
    }
    const leaks = await containerLeaks([catalog, context('inventory', { providers: [Stock] })]);
    expect(leaks).toContain('Stock of inventory injects Prices of catalog: ask by a query or command instead.');
  });
});

it('refuses a module that is no bounded context', async () => {
  @Module({})
  class Plain {}
  expect(await containerLeaks([Plain])).toEqual(['Plain is no bounded context: use @BoundedContext.']);
});
