import type { Thing } from '../thing.js';
import { one, pascal, spoken } from '../words.js';

/** @param thing what it happened to; its identity is the key */
export function eventFile(module: string, name: string, thing: Thing): string {
  const { noun, id, idSchema } = thing;
  return `import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';

/** ${sentence(name, noun)} Told in order for each ${spoken(noun)}. */
export class ${pascal(name)} extends defineEvent('${module}.${name}.v1', {
  key: '${id}',
  payload: z.object({ ${id}: ${idSchema} }),
}) {}
`;
}

/** `invoice-issued` → `An invoice was issued.` */
function sentence(name: string, noun: string): string {
  const subject = one(noun);
  return `${subject[0]!.toUpperCase()}${subject.slice(1)} was ${name.slice(noun.length + 1)}.`;
}

/** For an event that no command says yet. */
export function eventSpec(module: string, name: string, { noun, id }: Thing): string {
  const type = pascal(name);
  return `import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ${type} } from './${name}.js';

describe('${type}', () => {
  it('is told in order for each ${spoken(noun)}, under a name that never changes', () => {
    expect(${type}.definition).toMatchObject({ name: '${module}.${name}.v1', key: '${id}' });
  });

  it('names the ${spoken(noun)}', () => {
    const ${id} = randomUUID();
    expect(new ${type}({ ${id} })).toEqual({ ${id} });
    expect(() => new ${type}({} as never)).toThrow(/${id}/);
  });
});
`;
}
