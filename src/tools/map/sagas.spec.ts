import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { BoundedContext, defineCommand, defineConfig, defineEvent, Saga } from '../../platform/index.js';
import { contextOptions } from '../../platform/bounded-context.js';
import { sectionsOf } from '../saga-diagrams.js';
import { sagasOf } from './sagas.js';
import { variablesOf } from './variables.js';

const payload = z.object({ loafId: z.string() });
class DoughMade extends defineEvent('baking.dough-made.v1', { key: 'loafId', payload }) {}
class Bake extends defineCommand('baking.bake.v1', { payload }) {}

class BakingConfig extends defineConfig(
  {
    OVEN_URL: z.url().describe('which oven'),
    MINUTES: z.coerce.number().default(40).describe('how long'),
    GLAZE: z.string().optional(),
  },
  { specs: { OVEN_URL: 'http://oven.invalid' } },
) {}

const WARMTH = Symbol('warmth');
@Injectable()
class Oven {
  constructor(
    readonly config: BakingConfig,
    @Inject(WARMTH) readonly warmth: number,
  ) {}
}
/** Nothing that a saga needs: whoever makes it has failed. */
class Street {
  constructor() {
    throw new Error('the street is closed');
  }
}

const State = z.object({ step: z.enum(['baking', 'eaten']) });
@Injectable()
class Bread extends Saga<z.infer<typeof State>> {
  constructor(readonly oven: Oven) {
    super('baking.bread', State);
    const afterMs = oven.config.MINUTES * 60_000;
    this.starts(
      DoughMade,
      ({ loafId }) => loafId,
      ({ loafId }) => ({
        state: { step: 'baking' },
        send: [new Bake({ loafId })],
        timeout: { name: 'burns', afterMs },
      }),
    );
    this.onReply(Bake, () => ({ state: { step: 'eaten' }, done: true }));
    this.onTimeout('burns', () => ({}));
  }
}

@BoundedContext({
  name: 'baking',
  contracts: { DoughMade, Bake },
  providers: [
    Street,
    Bread,
    Oven,
    { provide: WARMTH, useFactory: ({ MINUTES }: BakingConfig) => MINUTES * 6, inject: [BakingConfig] },
  ],
  config: BakingConfig,
})
class BakingModule {}

describe('a saga with dependencies', () => {
  it('is made of what it needs, and of nothing else', async () => {
    const [bread] = (await sagasOf(contextOptions(BakingModule)!)) as [Bread];
    expect(bread.oven).toMatchObject({ warmth: 240, config: { OVEN_URL: 'http://oven.invalid', MINUTES: 40 } });
  });

  it('is drawn', async () => {
    const [section] = await sectionsOf([BakingModule]);
    expect(section).toMatchObject({ file: 'modules/baking/README.md', saga: 'baking.bread' });
    expect(section!.text).toContain('[*] --> baking: dough-made / bake');
  });

  it('a saga with dependencies that cannot be made is named with its file, and with what is missing', async () => {
    @BoundedContext({ name: 'baking', contracts: { DoughMade, Bake }, providers: [Bread] })
    class Ovenless {}
    await expect(sagasOf(contextOptions(Ovenless)!)).rejects.toThrow(
      /^modules\/baking: Bread cannot be made: .*dependencies of the Bread \(\?\)/s,
    );
  });
});

describe('the variables of a module', () => {
  it('are told with their meaning and default, however they are wrapped', () => {
    expect(variablesOf({ name: 'baking', config: BakingConfig })).toEqual([
      { name: 'OVEN_URL', meaning: 'which oven', otherwise: 'required' },
      { name: 'MINUTES', meaning: 'how long', otherwise: { value: 40 } },
      { name: 'GLAZE', meaning: '', otherwise: { value: undefined } },
    ]);
    const inner = defineConfig({ SALT: z.string().describe('how much').default('a pinch') });
    expect(variablesOf({ name: 'baking', config: inner })).toMatchObject([{ meaning: 'how much' }]);
    expect(variablesOf({ name: 'baking' })).toEqual([]);
  });

  it('are refused, all at once, where nobody knows what they are in specs', () => {
    class Wrong extends defineConfig(
      { OVEN_URL: z.url({ error: 'expected a URL' }), YEAST: z.enum(['dry', 'fresh']) },
      { specs: { OVEN_URL: 'warm' } },
    ) {}
    expect(() => variablesOf({ name: 'baking', config: Wrong })).toThrow(
      /^modules\/baking: .*\n {2}- OVEN_URL: expected a URL\n {2}- YEAST: .*\nSay what .* in specs: defineConfig\(/,
    );
  });
});
