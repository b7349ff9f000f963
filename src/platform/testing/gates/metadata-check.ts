import type { Type } from '@nestjs/common';
import { DataSource, getMetadataArgsStorage } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { contextOptions } from '../../bounded-context.js';

/** Tables of the platform in every module's schema: see `platform-migrations.ts` and `migrate.ts`. */
const RESERVED = [
  'outbox',
  'outbox_reader',
  'consumer_progress',
  'consumer_type',
  'consumer_alias',
  'parked_message',
  'shelved_message',
  'message_holder',
  'command_outcome',
  'saga',
  'named_timeout',
  'delayed_command',
  'schedule',
  'operator_action',
  'schema_migration',
];

interface Mapped {
  readonly name: string;
  readonly entities: readonly unknown[];
  readonly others: readonly string[];
}

/**
 * What the modules' TypeORM mappings have to do with each other: there has to be nothing. Needs no database.
 *
 * @param modules every module of the application
 * @returns a line for each leak: who, what, and what to do instead
 */
export async function metadataLeaks(modules: readonly Type[]): Promise<string[]> {
  const contexts = modules.map((module) => contextOptions(module)!);
  const mapped = contexts.map(({ name, entities = [] }) => {
    return { name, entities, others: contexts.map((other) => other.name).filter((other) => other !== name) };
  });
  const leaks = [...sharedClasses(contexts), ...mapped.flatMap(declaredLeaks)];
  // With a relation into another module TypeORM does not even build its metadata.
  if (leaks.length > 0) return leaks;
  return (await Promise.all(mapped.map(builtLeaks))).flat();
}

function sharedClasses(
  contexts: readonly { name: string; entities?: readonly unknown[]; migrations?: readonly unknown[] }[],
): string[] {
  const owners = new Map<unknown, Set<string>>();
  for (const { name, entities = [], migrations = [] } of contexts)
    for (const type of [...entities, ...migrations]) owners.set(type, (owners.get(type) ?? new Set()).add(name));
  return [...owners]
    .filter(([, names]) => names.size > 1)
    .map(
      ([type, names]) =>
        `${label(type)} is mapped by ${[...names].join(' and by ')}: leave it to the module that owns it.`,
    );
}

function declaredLeaks({ name, entities }: Mapped): string[] {
  const globs = entities.filter((entity) => typeof entity !== 'function');
  if (globs.length > 0)
    return globs.map((glob) => `${name} maps ${label(glob)}: list the classes, so that nobody else's are among them.`);
  return (entities as Function[]).flatMap((entity) => [
    ...inherited(name, entity, entities),
    ...relations(name, entity, entities),
  ]);
}

function inherited(name: string, entity: Function, own: readonly unknown[]): string[] {
  const { tables } = getMetadataArgsStorage();
  const foreign = ancestors(entity).filter(
    (type) => !own.includes(type) && tables.some((table) => table.target === type),
  );
  return foreign.map(
    (type) => `${name}: ${entity.name} extends ${type.name}, an entity that is not ${name}'s. Write out its columns.`,
  );
}

function relations(name: string, entity: Function, own: readonly unknown[]): string[] {
  const storage = getMetadataArgsStorage();
  const holders = [entity, ...ancestors(entity), ...embedded(entity)];
  return [...storage.filterRelations(holders), ...storage.filterForeignKeys(holders)]
    .map((relation) => ({
      to: targetOf(relation.type),
      property: 'propertyName' in relation ? relation.propertyName : undefined,
    }))
    .filter(({ to }) => !own.some((type) => type === to || (typeof to === 'string' && (type as Function).name === to)))
    .map(({ to, property }) => {
      const where = `${name}: ${entity.name}${property ? `.${property}` : ''}`;
      return `${where} refers to ${label(to)}, which is not an entity of ${name}. Keep its id, and ask its module by a query.`;
    });
}

function targetOf(type: unknown): unknown {
  const isClass = typeof type === 'function' && getMetadataArgsStorage().tables.some((table) => table.target === type);
  return typeof type === 'function' && !isClass ? (type as () => unknown)() : type;
}

function embedded(entity: Function): Function[] {
  const parts = getMetadataArgsStorage().filterEmbeddeds([entity, ...ancestors(entity)]);
  return parts.map((part) => part.type() as Function).flatMap((part) => [part, ...embedded(part)]);
}

function ancestors(type: Function): Function[] {
  const parent = Object.getPrototypeOf(type) as Function | null;
  return parent?.name ? [parent, ...ancestors(parent)] : [];
}

/** What TypeORM made of the classes: every table has to be in the module's schema. */
async function builtLeaks({ name, entities, others }: Mapped): Promise<string[]> {
  const source = new DataSource({ type: 'postgres', schema: name, entities: entities as Function[] });
  await (source as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  return source.entityMetadatas.flatMap((metadata) => [
    ...tableLeaks(name, metadata),
    ...viewLeaks(name, metadata, others),
  ]);
}

function tableLeaks(name: string, { name: entity, database, schema, tableName }: EntityMetadata): string[] {
  if (database || schema !== name || tableName.includes('.'))
    return [
      `${name}: ${entity} is stored in ${[database, schema, tableName].filter(Boolean).join('.')}: leave out schema and database, its tables are in ${name}.`,
    ];
  if (RESERVED.includes(tableName))
    return [`${name}: ${entity} is stored in ${tableName}, a table of the platform. Give it another name.`];
  return [];
}

function viewLeaks(name: string, { name: entity, expression }: EntityMetadata, others: readonly string[]): string[] {
  if (typeof expression !== 'string') return [];
  const named = others.filter((other) => new RegExp(`(?<![\\w$])"?${other}"?\\s*\\.`, 'i').test(expression));
  return named.map(
    (other) => `${name}: the view ${entity} reads the schema ${other}. Keep a copy of what its events say.`,
  );
}
const label = (value: unknown) => (typeof value === 'function' ? value.name : JSON.stringify(value));
