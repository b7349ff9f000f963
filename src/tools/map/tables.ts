import type { MigrationInterface, QueryRunner } from 'typeorm';

export interface Table {
  name: string;
  columns: readonly Column[];
  /** Whether its rows can be told apart by others: a primary key, or another replica identity. */
  keyed: boolean;
}

export interface Column {
  name: string;
  /** What stands behind the name: type, default, constraints. */
  definition: string;
}

/**
 * The tables that a module's migrations leave behind: read from their SQL, which is recorded instead of run.
 *
 * @throws Error when a migration cannot do without a database; it names the migration
 */
export async function tablesOf(migrations: readonly (new () => MigrationInterface)[]): Promise<Table[]> {
  const tables = new Map<string, Table>();
  for (const statement of (await statementsOf(migrations)).flatMap(split)) apply(statement, tables);
  return [...tables.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function statementsOf(migrations: readonly (new () => MigrationInterface)[]): Promise<string[]> {
  const texts: string[] = [];
  const recorder = {
    query: (text: string) => {
      texts.push(text);
      return Promise.resolve([]);
    },
  };
  for (const type of migrations) {
    try {
      await new type().up(recorder as unknown as QueryRunner);
    } catch (cause) {
      throw new Error(`${type.name} does more than run SQL: its tables cannot be read from it.`, { cause });
    }
  }
  return texts;
}

const NAME = '"?(\\w+)"?';
const CREATE = new RegExp(`^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?${NAME}\\s*\\((.*)\\)`, 'is');
const DROP = /^DROP TABLE (?:IF EXISTS )?(.+?)(?: CASCADE)?$/is;
const ALTER = new RegExp(`^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?${NAME} (.*)$`, 'is');
const RENAME = new RegExp(`^RENAME TO ${NAME}`, 'i');
const ADD = new RegExp(`^ADD (?:COLUMN )?(?:IF NOT EXISTS )?${NAME} (.*)$`, 'is');
const REMOVE = new RegExp(`^DROP (?:COLUMN )?(?:IF EXISTS )?${NAME}`, 'i');
/** What logical replication tells rows apart by; a default of none is left to the primary key. */
const KEY = /\bPRIMARY KEY\b|\bREPLICA IDENTITY (?:FULL|USING INDEX)\b/i;
/** Begins what is no column. */
const CONSTRAINT = /^(?:CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN|EXCLUDE|LIKE)\b/i;

function apply(statement: string, tables: Map<string, Table>): void {
  const [, created, body] = CREATE.exec(statement) ?? [];
  if (created) tables.set(created, { name: created, columns: listed(body!).flatMap(columnOf), keyed: KEY.test(body!) });
  const dropped = DROP.exec(statement)?.[1];
  for (const name of dropped?.split(',') ?? []) tables.delete(name.trim().replaceAll('"', ''));
  const [, altered, changes] = ALTER.exec(statement) ?? [];
  for (const change of altered && tables.has(altered) ? listed(changes!) : []) alter(altered!, change, tables);
}

function alter(name: string, change: string, tables: Map<string, Table>): void {
  const table = tables.get(name) ?? { name, columns: [], keyed: false };
  const renamed = RENAME.exec(change)?.[1];
  if (renamed) {
    tables.delete(name);
    tables.set(renamed, { ...table, name: renamed });
  }
  const [, added, definition] = CONSTRAINT.test(change.replace(/^ADD /i, '')) ? [] : (ADD.exec(change) ?? []);
  const removed = CONSTRAINT.test(change.replace(/^DROP /i, '')) ? undefined : REMOVE.exec(change)?.[1];
  const columns = table.columns.filter((column) => column.name !== removed);
  if (added) columns.push({ name: added, definition: definition! });
  const keyed = table.keyed || KEY.test(change);
  if (added || removed || keyed) tables.set(name, { name, columns, keyed });
}

function columnOf(text: string): Column[] {
  const [, name, definition] = /^"?(\w+)"?\s+(.*)$/s.exec(text) ?? [];
  return name && !CONSTRAINT.test(text) ? [{ name, definition: definition!.replace(/\s+/g, ' ') }] : [];
}

const split = (text: string) =>
  text
    .replace(/--.*$/gm, '')
    .split(';')
    .map((each) => each.trim());

/** What is separated by commas outside of brackets. */
function listed(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const sign of text) {
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (sign === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += sign;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
