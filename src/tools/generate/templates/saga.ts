import type { MessageDefinition } from '../../../platform/messaging/define.js';
import { camel, pascal, plural, snake, spoken } from '../words.js';
import type { Place } from './place.js';
import { specHead } from './place.js';

/** The event that begins a saga: the class, and what it says. */
export interface Beginning {
  type: string;
  definition: MessageDefinition;
  /** An example, as JSON. */
  example: object;
}

const idOf = (name: string) => `${camel(name)}Id`;
const tableOf = (name: string) => snake(plural(name));

export const sagaTable = (name: string) => `
      CREATE TABLE ${tableOf(name)} (
        ${snake(name)}_id text PRIMARY KEY,
        begun_at timestamptz NOT NULL DEFAULT now(),
        cancelled_at timestamptz
      )`;

export function beginCommand(module: string, name: string): string {
  const [type, id] = [`Begin${pascal(name)}`, idOf(name)];
  return stepFile(
    module,
    `begin-${name}`,
    type,
    id,
    `The step of the ${spoken(name)}. Repeating it changes nothing.`,
    `
    await this.database.sql('INSERT INTO ${tableOf(name)} (${snake(name)}_id) VALUES ($1) ON CONFLICT DO NOTHING', [${id}]);`,
  );
}

export function cancelCommand(module: string, name: string): string {
  const [type, id] = [`Cancel${pascal(name)}`, idOf(name)];
  return stepFile(
    module,
    `cancel-${name}`,
    type,
    id,
    'Undoes the step. Harmless where nothing was done.',
    `
    await this.database.sql('UPDATE ${tableOf(name)} SET cancelled_at = now() WHERE ${snake(name)}_id = $1', [${id}]);`,
  );
}

function stepFile(module: string, wire: string, type: string, id: string, comment: string, body: string): string {
  return `import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand } from '../../src/platform/index.js';

/** ${comment} */
export class ${type} extends defineCommand('${module}.${wire}.v1', {
  payload: z.object({ ${id}: z.string() }),
}) {}

@CommandHandler(${type})
export class ${type}Handler implements ICommandHandler<${type}> {
  constructor(private readonly database: Database) {}

  async execute({ ${id} }: ${type}) {${body}
  }
}
`;
}

export function sagaFile(module: string, name: string, { type: event, definition: { key } }: Beginning): string {
  const [type, id] = [pascal(name), idOf(name)];
  return `import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Decision, Reply } from '../../src/platform/index.js';
import { Saga } from '../../src/platform/index.js';
import { Begin${type} } from './begin-${name}.js';
import { Cancel${type} } from './cancel-${name}.js';
import { ${event} } from './contracts/index.js';

/** Instances that run were stored by former versions: give a field that comes later a default. */
export const ${type}State = z.object({ ${id}: z.string(), step: z.enum(['beginning', 'done', 'failed']) });
export type ${type}State = z.output<typeof ${type}State>;

/** A step that has not answered for so long is given up. */
const STEP_TIMEOUT = { name: 'patience', afterMs: 24 * 3_600_000 };

/**
 * ${event} → begin; given up, or without an answer for a day → undo.
 *
 * To add a step: send its command where the step before has answered, say with \`onReply\` what its answers mean and with
 * \`compensates\` how it is undone.
 */
@Injectable()
export class ${type} extends Saga<${type}State> {
  constructor() {
    super('${module}.${name}', ${type}State);
    this.starts(${event}, (event) => event.${key}, begin);
    this.onReply(Begin${type}, begun);
    this.onTimeout(STEP_TIMEOUT.name, fail);
    this.compensates(Begin${type}, Cancel${type}, ({ ${id} }) => ({ ${id} }));
  }
}

function begin(event: ${event}) {
  const ${id} = event.${key};
  const state: ${type}State = { ${id}, step: 'beginning' };
  return { state, send: [new Begin${type}({ ${id} })], timeout: STEP_TIMEOUT };
}

function begun(state: ${type}State, reply: Reply): Decision<${type}State> {
  if (!reply.ok) return fail(state);
  return state.step === 'beginning' ? { state: { ...state, step: 'done' }, done: true } : {};
}

function fail(state: ${type}State): Decision<${type}State> {
  return state.step === 'beginning' ? { state: { ...state, step: 'failed' }, compensate: true, done: true } : {};
}
`;
}

export function sagaSpec(place: Place, { type: event, definition: { key }, example }: Beginning): string {
  const [type, id] = [pascal(place.name), idOf(place.name)];
  const sample = JSON.stringify({ ...example, [key!]: `@@` }).replace('"@@"', id);
  return `import { randomUUID } from 'node:crypto';
${specHead(
  place,
  `import { Begin${type} } from './begin-${place.name}.js';`,
  `import { Cancel${type} } from './cancel-${place.name}.js';`,
  `import { ${type}, type ${type}State } from './${place.name}.saga.js';`,
  `import { ${event} } from './contracts/index.js';`,
)}
const saga = new ${type}();
const ${id} = randomUUID();
const beginning: ${type}State = { ${id}, step: 'beginning' };
const answered = (state: ${type}State, ok: boolean) =>
  saga.decide(state, \`\${Begin${type}.definition.name}.reply\`, ok ? { ok, result: null } : { ok, error: {} });

describe('what the ${spoken(place.name)} decides', () => {
  it('begins with its first step, and waits for the answer', () => {
    const decision = saga.decide(undefined, ${event}.definition.name, new ${event}(${sample}));
    expect(decision).toMatchObject({ state: beginning, send: [new Begin${type}({ ${id} })], timeout: { name: 'patience' } });
  });

  it('is done when the step is', () => {
    expect(answered(beginning, true)).toEqual({ state: { ...beginning, step: 'done' }, done: true });
  });

  it('undoes the step that was given up, or has not answered in time', () => {
    const failed = { state: { ...beginning, step: 'failed' }, compensate: true, done: true };
    expect(answered(beginning, false)).toEqual(failed);
    expect(saga.decideTimeout(beginning, 'patience')).toEqual(failed);
  });

  it('ignores answers that come late or twice', () => {
    for (const step of ['done', 'failed'] as const) {
      expect(answered({ ...beginning, step }, true)).toEqual({});
      expect(saga.decideTimeout({ ...beginning, step }, 'patience')).toEqual({});
    }
  });
});

describe('${type}', () => {
  const kept = () => scene.sql('SELECT cancelled_at FROM ${tableOf(place.name)} WHERE ${snake(place.name)}_id = $1', [${id}]);

  it('has the step done', async () => {
    await scene.publish(new ${event}(${sample}));
    await scene.until(async () => (await kept()).length > 0, 'the step being done');
    expect(await kept()).toEqual([{ cancelled_at: null }]);
  });

  it('can have it undone, and where nothing was done as well', async () => {
    await scene.execute(new Cancel${type}({ ${id} }));
    expect(await kept()).toEqual([{ cancelled_at: expect.any(Date) }]);
    await scene.execute(new Cancel${type}({ ${id}: randomUUID() }));
  });
});
`;
}
