import { fail } from '../lib/cli.js';
import type { Column } from '../map/tables.js';
import { RESERVED } from './reserved.js';
import { camel, snake } from './words.js';

/** What a message carries and a table keeps. */
export interface Field {
  /** As messages call it: `birthDate`. */
  readonly name: string;
  readonly column: string;
  /** Of PostgreSQL. */
  readonly type: string;
  /** Of zod. */
  readonly schema: string;
  readonly optional: boolean;
  /** TypeScript: a value that it takes, and one that it refuses. */
  readonly example: string;
  readonly wrong: string;
}

type Kind = Pick<Field, 'type' | 'schema' | 'example' | 'wrong'>;

const TEXT: Kind = {
  type: 'text',
  schema: "z.string().max(200).regex(/\\S/, 'expected some text')",
  example: "'the first'",
  wrong: "' '",
};

const KINDS: Readonly<Record<string, Kind>> = {
  text: TEXT,
  email: { type: 'text', schema: 'z.email().max(200)', example: "'somebody@example.org'", wrong: "'nobody'" },
  url: { type: 'text', schema: 'z.url().max(2000)', example: "'https://example.org/'", wrong: "'nowhere'" },
  uuid: { type: 'uuid', schema: 'z.uuid()', example: "'11111111-1111-4111-8111-111111111111'", wrong: "'1'" },
  int: { type: 'integer', schema: 'z.int32()', example: '3', wrong: '0.5' },
  number: { type: 'double precision', schema: 'z.number()', example: '0.5', wrong: "'much'" },
  boolean: { type: 'boolean', schema: 'z.boolean()', example: 'true', wrong: "'yes'" },
  date: { type: 'date', schema: 'z.iso.date()', example: "'2026-01-31'", wrong: "'2026-02-31'" },
  time: {
    type: 'timestamptz',
    schema: 'z.iso.datetime()',
    example: "'2026-01-31T12:00:00Z'",
    wrong: "'noon'",
  },
};

/** What a thing has that nobody said more of. */
export const NOTE: Field = { ...TEXT, name: 'note', column: 'note', optional: false };

/** What handlers call things that are no fields. */
const LOCALS: ReadonlySet<string> = new Set(['found', 'text']);

const SHAPE = /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*):([a-z]+)(\?)?$/;

/**
 * Reads what `--field` says.
 *
 * @throws UsageError when it is no field, or there are two of one name
 */
export function readFields(given: readonly string[]): Field[] {
  const fields = given.map(readField);
  const names = fields.map(({ column }) => column);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) fail(`There is a field ${twice} already: each has a name of its own.`);
  return fields;
}

function readField(text: string): Field {
  const [, name, kind, optional] = SHAPE.exec(text) ?? [];
  const types = Object.keys(KINDS).join(', ');
  const known = kind !== undefined && Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (name === undefined || !known)
    return fail(
      `--field has to be NAME:TYPE, as in "birth-date:date", with one of ${types}, not "${text}". See --help.`,
    );
  if (LOCALS.has(camel(name)))
    fail(`"${name}" is a name in the code that is generated: choose another one for the field.`);
  if (RESERVED.has(camel(name)) || RESERVED.has(snake(name)))
    fail(`"${name}" is a reserved word: choose another name for the field.`);
  return { ...known, name: camel(name), column: snake(name), optional: optional === '?' };
}

/** Its column in a table that is made for it. */
export const columnOf = ({ column, type, optional }: Field): Column => ({
  name: column,
  definition: optional ? type : `${type} NOT NULL`,
});

/** `{ email: z.email() }` without the brackets. */
export const shapeOf = (fields: readonly Field[]) =>
  fields.map(({ name, schema, optional }) => `${name}: ${schema}${optional ? '.optional()' : ''}`).join(', ');

/** `{ email: 'somebody@example.org' }` */
export const examplesOf = (fields: readonly Field[]) =>
  `{ ${fields.map(({ name, example }) => `${name}: ${example}`).join(', ')} }`;

/** The names that a message is taken apart into. */
export const namesOf = (fields: readonly Field[]) => fields.map(({ name }) => name).join(', ');

/** The parameters of a statement; what is left out is NULL. */
export const parametersOf = (fields: readonly Field[]) =>
  fields.map(({ name, optional }) => (optional ? `${name} ?? null` : name)).join(', ');

/** SQL that reads the fields as messages have them. */
export const selectedOf = (fields: readonly Field[]) =>
  fields.map((field) => (readAs(field) === field.name ? field.name : `${readAs(field)} AS "${field.name}"`)).join(', ');

/** SQL that reads a column as messages have it: a moment or a day as text. */
export function readAs({ column, type }: Pick<Field, 'column' | 'type'>): string {
  if (type === 'date') return `${column}::text`;
  return type === 'timestamptz' ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')` : column;
}

/** Bodies that are refused, one for each reason. */
export function wrongBodies(fields: readonly Field[]): string {
  const needed = fields.some(({ optional }) => !optional) ? ['{}'] : [];
  const wrong = fields.map(({ name, wrong: value }) => `{ ...VALUES, ${name}: ${value} }`);
  return [...needed, ...wrong, '{ ...VALUES, more: 1 }'].join(', ');
}

/** What a message has for a column that is there; nothing where its type is not known. */
export function fieldOfColumn({ name, definition }: Column): Field | undefined {
  const kind = Object.values(KINDS).find(({ type }) =>
    new RegExp(`^${type}\\b(?!.*\\b(?:CHECK|REFERENCES)\\b)`, 'i').test(definition),
  );
  return kind && { ...kind, name: camel(name.replaceAll('_', '-')), column: name, optional: false };
}
