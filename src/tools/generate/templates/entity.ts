import type { Column } from '../../map/tables.js';
import type { Field } from '../fields.js';
import type { Thing } from '../thing.js';
import { camel } from '../words.js';

/** What TypeScript calls a value of a type of PostgreSQL, as TypeORM reads it. */
const TYPES: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  date: 'string',
  'double precision': 'number',
  integer: 'number',
  text: 'string',
  timestamptz: 'Date',
  uuid: 'string',
};

/** What an entity has of TypeORM, and the property itself. */
interface Property {
  decorator: string;
  text: string;
}

/** The property that maps a column which a generator has made. */
export function propertyOf({ name, definition }: Column): Property {
  const property = camel(name.replaceAll('_', '-'));
  const [, type = 'text', rest = ''] =
    /^(boolean|date|double precision|integer|text|timestamptz|uuid)\b(.*)$/.exec(definition) ?? [];
  const named = property === name ? [] : [`name: '${name}'`];
  if (rest.includes('DEFAULT now()'))
    return {
      decorator: 'CreateDateColumn',
      text: `@CreateDateColumn({ ${[...named, `type: '${type}'`].join(', ')} })\n${property}!: Date;`,
    };
  const isKey = rest.includes('PRIMARY KEY');
  const nullable = !isKey && !rest.includes('NOT NULL');
  const options = [...named, ...(nullable ? ['nullable: true'] : [])];
  const decorator = isKey ? 'PrimaryColumn' : 'Column';
  return {
    decorator,
    text: `@${decorator}('${type}'${options.length > 0 ? `, { ${options.join(', ')} }` : ''})
${property}!: ${TYPES[type]}${nullable ? ' | null' : ''};`,
  };
}

/** The entity of a thing whose table is made with it. */
export function entityFile({ table, columns = [] }: Thing, type: string): string {
  const properties = columns.map(propertyOf);
  const names = [...new Set(['Entity', ...properties.map(({ decorator }) => decorator)])].sort();
  return `import { ${names.join(', ')} } from 'typeorm';

@Entity('${table}')
export class ${type} {
${properties.map(({ text }) => text).join('\n\n')}
}
`;
}

/** The import of the entity of a thing, where it has one. */
export const importOf = ({ entity }: Thing) =>
  entity ? `import { ${entity.type} } from './${entity.file.replace(/ts$/, 'js')}';\n` : '';

/** `note, since: new Date(since)`: what a row gets of a message. */
export const assignedOf = (fields: readonly Field[]) => fields.map(assigned).join(', ');

function assigned({ name, type, optional }: Field): string {
  if (type !== 'timestamptz') return optional ? `${name}: ${name} ?? null` : name;
  return optional ? `${name}: ${name} === undefined ? null : new Date(${name})` : `${name}: new Date(${name})`;
}
