import type { Field } from '../fields.js';
import { examplesOf, shapeOf } from '../fields.js';
import type { Thing } from '../thing.js';
import { one, pascal, spoken } from '../words.js';

/** An event of a module. */
export interface Happening {
  /** `contact-changed` */
  readonly name: string;
  /** What its name speaks of: `contact`. */
  readonly subject: string;
  /** What it says besides whom it is about. */
  readonly fields: readonly Field[];
}

/** @param thing what it happened to; its identity is the key */
export function eventFile(module: string, { name, subject, fields }: Happening, thing: Thing): string {
  const { noun, id, idSchema } = thing;
  const more = fields.length > 0 ? `, ${shapeOf(fields)}` : '';
  return `import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';

/** ${sentence(name, subject)} Told in order for each ${spoken(noun)}. */
export class ${pascal(name)} extends defineEvent('${module}.${name}.v1', {
  key: '${id}',
  payload: z.object({ ${id}: ${idSchema}${more} }),
}) {}
`;
}

/** `invoice-issued` → `An invoice was issued.` */
function sentence(name: string, noun: string): string {
  const subject = one(noun);
  return `${subject[0]!.toUpperCase()}${subject.slice(1)} was ${name.slice(noun.length + 1)}.`;
}

/** For an event that no command says yet. */
export function eventSpec(module: string, { name, fields }: Happening, { noun, id }: Thing): string {
  const type = pascal(name);
  const values = fields.length > 0 ? `{ ${id}, ${examplesOf(fields).replace(/^\{\s*|\s*\}$/g, '')} }` : `{ ${id} }`;
  return `import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ${type} } from './${name}.js';

describe('${type}', () => {
  it('is told in order for each ${spoken(noun)}, under a name that never changes', () => {
    expect(${type}.definition).toMatchObject({ name: '${module}.${name}.v1', key: '${id}' });
  });

  it('names the ${spoken(noun)}', () => {
    const ${id} = randomUUID();
    expect(new ${type}(${values})).toEqual(${values});
    expect(() => new ${type}({} as never)).toThrow(/${id}/);
  });
});
`;
}
