import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { CommandHandler, EventsHandler, QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import {
  BoundedContext,
  defineCommand,
  defineEvent,
  defineQuery,
  Saga,
  Subscription,
} from '../../src/platform/index.js';
import { wiringProblems } from '../../src/platform/testing/index.js';
import { everyModule } from './every-module.js';

const payload = z.object({ sku: z.string() });
const result = z.object({ amount: z.int() });

class SetPrice extends defineCommand('pricing.set-price.v1', { payload }) {}
class GetPrice extends defineQuery('pricing.get-price.v1', { payload, result }) {}
class PriceChanged extends defineEvent('pricing.price-changed.v1', { key: 'sku', payload }) {}

@CommandHandler(SetPrice)
class SetPriceHandler {
  async execute() {}
}

@QueryHandler(GetPrice)
class GetPriceHandler {
  async execute() {}
}

function context(name: string, contracts: Record<string, unknown>, providers: Type[] = []): Type {
  @BoundedContext({ name, contracts, providers })
  class Context {}
  return Context;
}

const pricing = context('pricing', { SetPrice, GetPrice, PriceChanged }, [SetPriceHandler, GetPriceHandler]);

it('the shop fits together', async () => {
  expect(await wiringProblems(everyModule())).toEqual([]);
});

it('two modules fit together when each message has one home', async () => {
  @EventsHandler(PriceChanged)
  @Subscription({ name: 'prices' })
  class WhenPriceChanges {
    async handle() {}
  }
  expect(await wiringProblems([pricing, context('shelf', {}, [WhenPriceChanges])])).toEqual([]);
});

describe('a start is refused for', () => {
  it('a command or query without a handler', async () => {
    expect(await wiringProblems([context('pricing', { SetPrice, GetPrice })])).toEqual([
      'pricing.set-price.v1 has no handler: add one to the providers of pricing',
      'pricing.get-price.v1 has no handler: add one to the providers of pricing',
    ]);
  });

  it('a second handler', async () => {
    @CommandHandler(SetPrice)
    class Another {
      async execute() {}
    }
    const doubled = context('pricing', { SetPrice }, [SetPriceHandler, Another]);
    expect(await wiringProblems([doubled])).toEqual(['pricing.set-price.v1 has two handlers: keep one']);
  });

  it("a handler of another module's message", async () => {
    expect(await wiringProblems([context('pricing', {}), context('shelf', {}, [SetPriceHandler])])).toEqual([
      'shelf handles pricing.set-price.v1, which belongs to pricing',
    ]);
  });

  it('a handler of something that is no message, or one of another kind', async () => {
    class Plain {}
    @CommandHandler(Plain)
    class PlainHandler {
      async execute() {}
    }
    @CommandHandler(GetPrice)
    class Confused {
      async execute() {}
    }
    expect(await wiringProblems([context('pricing', {}, [PlainHandler, Confused])])).toEqual([
      'pricing handles Plain as a command, but it was not made with defineCommand',
      'pricing handles pricing.get-price.v1 as a command, but it was not made with defineCommand',
    ]);
  });

  it('a subscription without a name of its own', async () => {
    @EventsHandler(PriceChanged)
    class Nameless {
      async handle() {}
    }
    expect(await wiringProblems([pricing, context('shelf', {}, [Nameless])])).toEqual([
      "Nameless of shelf handles durable events: name it with @Subscription({ name: '…' })",
    ]);
  });

  it('two subscriptions of one name', async () => {
    @EventsHandler(PriceChanged)
    @Subscription({ name: 'prices' })
    class One {
      async handle() {}
    }
    @EventsHandler(PriceChanged)
    @Subscription({ name: 'prices' })
    class Two {
      async handle() {}
    }
    expect(await wiringProblems([pricing, context('shelf', {}, [One, Two])])).toEqual([
      'two subscriptions are named shelf.prices: their progress would be mixed up',
    ]);
  });

  it('a subscription to an event that its owner does not publish', async () => {
    class PriceWhispered extends defineEvent('pricing.price-whispered.v1', { key: 'sku', payload }) {}
    @EventsHandler(PriceWhispered)
    @Subscription({ name: 'prices' })
    class Eavesdropper {
      async handle() {}
    }
    expect(await wiringProblems([pricing, context('shelf', {}, [Eavesdropper])])).toEqual([
      'shelf subscribes to pricing.price-whispered.v1, which pricing does not publish in its contracts',
    ]);
  });

  it('a subscription to an event of a module that is not there', async () => {
    @EventsHandler(PriceChanged)
    @Subscription({ name: 'prices' })
    class WhenPriceChanges {
      async handle() {}
    }
    expect(await wiringProblems([context('shelf', {}, [WhenPriceChanges])])).toEqual([
      'shelf subscribes to pricing.price-changed.v1, but pricing is not here: list it in src/modules.ts, in a spec among the neighbours of scenario()',
    ]);
  });

  it('a subscription to a command', async () => {
    @EventsHandler(SetPrice)
    @Subscription({ name: 'prices' })
    class WhenPriceIsSet {
      async handle() {}
    }
    expect(await wiringProblems([pricing, context('shelf', {}, [WhenPriceIsSet])])).toEqual([
      'shelf subscribes to pricing.set-price.v1, which is no event',
    ]);
  });

  it('two messages of one name', async () => {
    class PriceMoved extends defineEvent('pricing.price-changed.v1', { key: 'sku', payload }) {}
    expect(await wiringProblems([context('pricing', { PriceChanged, PriceMoved })])).toEqual([
      'two messages are named pricing.price-changed.v1: give one another name or version',
    ]);
  });

  it("contracts that define another module's message", async () => {
    expect(await wiringProblems([context('shelf', { PriceChanged })])).toEqual([
      'the contracts of shelf define pricing.price-changed.v1: name it shelf.…',
    ]);
  });

  it('two modules of one name', async () => {
    expect(await wiringProblems([context('shelf', {}), context('shelf', {})])).toEqual(['two modules are named shelf']);
  });

  it('a saga that is named after another module', async () => {
    @Injectable()
    class Restocking extends Saga<object> {
      constructor() {
        super('pricing.restocking', z.object({}));
      }
    }
    expect(await wiringProblems([pricing, context('shelf', {}, [Restocking])])).toEqual([
      'the saga pricing.restocking is in shelf: name it shelf.…',
    ]);
  });

  it('everything at once, so that it is mended at once', async () => {
    const problems = await wiringProblems([context('pricing', { SetPrice }), context('shelf', { PriceChanged })]);
    expect(problems).toHaveLength(2);
  });
});
