import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineCommand, defineEvent } from '../../platform/messaging/define.js';
import { diagramOf } from './diagram.js';
import type { Examples } from './exploration.js';
import { Saga } from '../../platform/sagas/saga.js';

const payload = z.object({ id: z.string() });
class Begun extends defineEvent('baking.begun.v1', { payload, key: 'id' }) {}
class Burnt extends defineEvent('oven.burnt.v1', { payload, key: 'id' }) {}
class Heat extends defineCommand('oven.heat-oven.v1', { payload, errors: { no_gas: z.object({}) } }) {}
class Cool extends defineCommand('oven.cool-oven.v1', { payload }) {}

const State = z.object({ id: z.string(), step: z.enum(['heating', 'baking', 'baked', 'spoilt']) });
type State = z.output<typeof State>;
const examples: Examples = { messageOf: (type) => new type({ id: '1' } as never), valueOf: () => ({}) };
const id = (event: { id: string }) => event.id;

class Baking extends Saga<State> {
  constructor() {
    super('baking.bread', State);
    const spoil = (state: State) => ({ state: { ...state, step: 'spoilt' as const }, compensate: true, done: true });
    this.starts(Begun, id, (event) => ({ state: { ...event, step: 'heating' }, send: [new Heat(event)] }));
    this.onReply(Heat, (state, reply) => {
      if (state.step !== 'heating') return {};
      if (!reply.ok) return spoil(state);
      return { state: { ...state, step: 'baking' }, timeout: { name: 'an-hour', afterMs: 3_600_000 } };
    });
    this.onTimeout('an-hour', (state) => ({ state: { ...state, step: 'baked' }, done: true }));
    this.on(Burnt, id, (state) => (state.step === 'baking' ? spoil(state) : {}));
    this.compensates(Heat, Cool, (state) => ({ id: state.id }));
  }
}

describe('the diagram of a saga', () => {
  it('shows what leads where and what is done then, as the class decides it', () => {
    expect(diagramOf(new Baking() as Saga<unknown>, examples).split('\n')).toEqual([
      'stateDiagram-v2',
      '  [*] --> heating: begun / heat-oven',
      '  heating --> baking: heat-oven ok',
      '  heating --> spoilt: heat-oven no_gas',
      '  heating --> spoilt: heat-oven given up / undo',
      '  baking --> spoilt: burnt / undo',
      '  baking --> baked: timeout an-hour',
      '  spoilt --> [*]',
      '  baked --> [*]',
    ]);
  });

  it('shows timeouts that run beside each other, until the end', () => {
    class Proofing extends Saga<State> {
      constructor() {
        super('baking.proofing', State);
        const timeouts = { look: { afterMs: 60_000 }, late: { at: new Date(0) } };
        this.starts(Begun, id, (event) => ({ state: { ...event, step: 'heating' }, timeouts }));
        this.onTimeout('look', (state) => ({ state: { ...state, step: 'baking' } }));
        this.onTimeout('late', (state) => ({ state: { ...state, step: 'spoilt' }, done: true }));
      }
    }
    expect(diagramOf(new Proofing() as Saga<unknown>, examples).split('\n')).toEqual([
      'stateDiagram-v2',
      '  [*] --> heating: begun',
      '  heating --> baking: timeout look',
      '  heating --> spoilt: timeout late',
      '  baking --> spoilt: timeout late',
      '  spoilt --> [*]',
    ]);
  });

  it('needs an enum that names the states', () => {
    class Nameless extends Saga<object> {
      constructor() {
        super('baking.nameless', z.object({}));
        this.starts(Begun, id, () => ({ state: {} }));
      }
    }
    expect(() => diagramOf(new Nameless() as Saga<unknown>, examples)).toThrow(
      'The state of baking.nameless has no enum that could name its states.',
    );
  });

  it('gives up on a saga whose situations do not end', () => {
    const Counting = z.object({ step: z.enum(['on']), count: z.int() });
    class Endless extends Saga<z.output<typeof Counting>> {
      constructor() {
        super('baking.endless', Counting);
        this.starts(Begun, id, () => ({ state: { step: 'on', count: 0 } }));
        this.on(Burnt, id, (state) => ({ state: { ...state, count: state.count + 1 } }));
      }
    }
    expect(() => diagramOf(new Endless() as Saga<unknown>, examples)).toThrow('more than 2000 situations');
  });
});
