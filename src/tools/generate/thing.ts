import { fail } from '../lib/cli.js';
import type { Column, Table } from '../map/tables.js';
import type { Field } from './fields.js';
import { readAs } from './fields.js';
import { checkThing } from './names.js';
import type { EntityClass, Project, ProjectModule } from './project.js';
import { camel, one, plural, singular, snake, spoken } from './words.js';

/** What a command changes or a query reads, and the table that keeps it. */
export interface Thing {
  /** `invoice` */
  noun: string;
  /** `invoices` */
  table: string;
  /** Absent where the table has to be made first. */
  columns?: readonly Column[];
  /** The column of its identity, and what it is called in messages. */
  idColumn: string;
  id: string;
  /** The zod schema of its identity. */
  idSchema: string;
  /** The class that maps the table; absent where there is none. */
  entity?: EntityClass | undefined;
  /** What a query shows of it besides its identity; absent or empty: all that it can. */
  shown?: readonly Field[];
}

/** What zod and a test know of a type of PostgreSQL. */
const TYPES: readonly [pattern: RegExp, schema: string, example: string][] = [
  [/^uuid\b/i, 'z.uuid()', "'11111111-1111-4111-8111-111111111111'"],
  [/^(?:text|varchar)\b/i, 'z.string()', "'something'"],
  [/^(?:smallint|int|integer|bigint|int[248])\b/i, 'z.int()', '1'],
  [/^(?:double precision|real)\b/i, 'z.number()', '0.5'],
  [/^bool(?:ean)?\b/i, 'z.boolean()', 'true'],
];
const DATED = /^(?:timestamptz|timestamp|date)\b/i;
/** Moments and days, which messages have as text. */
const DATES: readonly [pattern: RegExp, type: string, schema: string][] = [
  [/^date\b/i, 'date', 'z.iso.date()'],
  [/^timestamptz\b/i, 'timestamptz', 'z.iso.datetime()'],
];
/** Rules that the examples are known to keep. */
const HARMLESS = /CHECK \((?:\w+ >=? 0|\w+ <> (?:''|0)|\w+ ~ '\^\[A-Z\]\{3\}\$')\)|COLLATE "C"/gi;
const CURRENCY = /\^\[A-Z\]\{3\}\$/;
const INVOLVED = /\bCHECK\b|\bREFERENCES\b/i;

/**
 * Finds the table of a thing in a module.
 *
 * @throws UsageError when there is one of another kind than the generators understand, or the platform's
 */
export function thingOf(project: Project, module: ProjectModule, word: string): Thing {
  const noun = singular(word);
  const table = snake(plural(noun));
  checkThing(noun, table, project.platformTables);
  const found = module.tables.find(({ name }) => name === table || name === snake(noun));
  const made = { noun, table, idColumn: `${snake(noun)}_id`, id: `${camel(noun)}Id`, idSchema: 'z.uuid()' };
  return found ? { ...made, ...described(module, found, noun) } : made;
}

function described(module: ProjectModule, { name, columns }: Table, noun: string) {
  const key = columns.find(({ definition }) => /\bPRIMARY KEY\b/i.test(definition));
  const schema = key && schemaOf(key);
  if (
    !key ||
    !schema ||
    !/^(?:uuid|text)\b/i.test(key.definition) ||
    columns.filter(isRequired).some((column) => !exampleOf(column))
  )
    return fail(
      `The table ${name} of ${module.name} is more than this can understand: write it by hand, or name another thing than "${noun}".`,
    );
  const entity = module.entities.get(name);
  return {
    table: name,
    columns,
    entity,
    idColumn: key.name,
    id: camel(key.name.replaceAll('_', '-')),
    idSchema: schema,
  };
}

export const schemaOf = ({ definition }: Column) => TYPES.find(([pattern]) => pattern.test(definition))?.[1];

/** How a query shows a moment or a day; nothing for other columns. */
export function shownDate({ name, definition }: Column): { schema: string; sql: string } | undefined {
  const [, type, schema] = DATES.find(([pattern]) => pattern.test(definition)) ?? [];
  return type && schema ? { schema, sql: readAs({ column: name, type }) } : undefined;
}

/** Columns that a row cannot do without. */
export const isRequired = ({ definition }: Column) =>
  /\bNOT NULL\b|\bPRIMARY KEY\b/i.test(definition) && !/\bDEFAULT\b|\bGENERATED\b/i.test(definition);

/** SQL of a value that the column takes. */
export function exampleOf({ definition }: Column): string | undefined {
  const oneOf = /CHECK \(\w+ IN \(('[^']*')/i.exec(definition)?.[1];
  if (oneOf) return oneOf;
  if (INVOLVED.test(definition.replaceAll(HARMLESS, ''))) return undefined;
  if (CURRENCY.test(definition)) return "'EUR'";
  if (DATED.test(definition)) return 'now()';
  if (/^jsonb?\b/i.test(definition)) return "'{}'";
  return TYPES.find(([pattern]) => pattern.test(definition))?.[2];
}

/** @throws UsageError when something else says already when it happened */
export function refuseMoment({ noun, table, columns }: Thing, column: string): void {
  if (!columns!.some(({ name }) => name === column)) return;
  const what = spoken(column.replace(/_at$/, '').replaceAll('_', '-'));
  fail(`The table ${table} has ${column} already, so that something else says when ${one(noun)} was ${what}.`);
}

/** @throws UsageError when the column that is there keeps something else */
export function refuseOtherType({ table }: Thing, { name, definition }: Column, { type }: Field): void {
  if (new RegExp(`^${type === 'integer' ? 'int(?:eger|4)?' : type}\\b`, 'i').test(definition)) return;
  fail(`The column ${name} of ${table} is ${definition}, not ${type}: choose another type, or name.`);
}
