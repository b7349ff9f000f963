/** One side of an intrusion: a module, what is planted in its schema, and a session of its role. */
export interface Side {
  readonly schema: string;
  readonly role: string;
  /** A large object of this role. */
  readonly blob: number;
  /** The process that serves a session of this role. */
  readonly pid: number;
}

/**
 * Something that one module's role must not be able to do.
 */
export interface Intrusion {
  readonly what: string;
  /** @param on whose things it is done to */
  readonly sql: (on: Side, me: Side) => string;
  /** The refusal, where it is not "permission denied" (42501). */
  readonly refused?: string;
  /** Who may do it, to show that the statement itself is right: the role to its own things, or the administrator. */
  readonly allowed: 'own' | 'administrator' | 'nobody';
}

const own = (what: string, sql: Intrusion['sql'], refused?: string): Intrusion => {
  return { what, sql, allowed: 'own', ...(refused && { refused }) };
};
const administrator = (what: string, sql: Intrusion['sql']): Intrusion => ({ what, sql, allowed: 'administrator' });
const nobody = (what: string, sql: Intrusion['sql'], refused?: string): Intrusion => {
  return { what, sql, allowed: 'nobody', ...(refused && { refused }) };
};

/** What is in each schema to be broken into, made by its own role. */
export const PLANT = `
  CREATE TABLE planted (id int PRIMARY KEY, secret text);
  INSERT INTO planted VALUES (1, 'secret');
  CREATE VIEW planted_view AS SELECT secret FROM planted;
  CREATE SEQUENCE planted_seq;
  CREATE TYPE planted_type AS (secret text);
  CREATE FUNCTION planted_function() RETURNS text LANGUAGE sql AS 'SELECT secret FROM planted';
  CREATE FUNCTION planted_definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT secret FROM planted';
  CREATE FUNCTION planted_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
`;

/** Done to every table there is, the platform's among them. */
export const TABLE_INTRUSIONS: readonly ((table: string) => string)[] = [
  (table) => `SELECT * FROM ${table}`,
  (table) => `SELECT count(*) FROM ${table}`,
  (table) => `INSERT INTO ${table} DEFAULT VALUES`,
  (table) => `UPDATE ${table} SET id = id`,
  (table) => `DELETE FROM ${table}`,
  (table) => `TRUNCATE ${table}`,
  (table) => `LOCK TABLE ${table}`,
  (table) => `COPY ${table} TO STDOUT`,
  (table) => `SELECT * FROM ${table} FOR UPDATE`,
  (table) => `CREATE TRIGGER spy AFTER INSERT ON ${table} EXECUTE FUNCTION planted_trigger()`,
];

const READING = [
  own('select', ({ schema }) => `SELECT secret FROM ${schema}.planted`),
  own('join', ({ schema }, me) => `SELECT FROM ${me.schema}.planted m JOIN ${schema}.planted o USING (id)`),
  own('insert', ({ schema }) => `INSERT INTO ${schema}.planted VALUES (2, 'forged')`),
  own('update', ({ schema }) => `UPDATE ${schema}.planted SET secret = 'forged'`),
  own('delete', ({ schema }) => `DELETE FROM ${schema}.planted`),
  own('truncate', ({ schema }) => `TRUNCATE ${schema}.planted`),
  own('copy', ({ schema }) => `COPY ${schema}.planted TO STDOUT`),
  own('read the outbox', ({ schema }) => `SELECT payload FROM ${schema}.outbox`),
  own('select from a view', ({ schema }) => `SELECT secret FROM ${schema}.planted_view`),
  own('call a function', ({ schema }) => `SELECT ${schema}.planted_function()`),
  own('call a SECURITY DEFINER function', ({ schema }) => `SELECT ${schema}.planted_definer()`),
  own('take a number of a sequence', ({ schema }) => `SELECT nextval('${schema}.planted_seq')`),
  own('set back a sequence', ({ schema }) => `SELECT setval('${schema}.planted_seq', 1)`),
  own('measure a table', ({ schema }) => `SELECT pg_relation_size('${schema}.planted')`),
  own('read in an anonymous block', ({ schema }) => `DO $$ BEGIN PERFORM secret FROM ${schema}.planted; END $$`),
  own(
    'read by computed SQL',
    ({ schema }) => `DO $$ BEGIN EXECUTE 'SELECT * FROM ' || '${schema}' || '.planted'; END $$`,
  ),
  own('read with a cursor', ({ schema }) => `DECLARE c CURSOR FOR SELECT * FROM ${schema}.planted`),
  own(
    'read as XML',
    ({ schema }) => `SELECT schema_to_xml('${schema}', false, false, '')::text || secret FROM ${schema}.planted`,
  ),
];

const DEPENDING = [
  own('reference by a foreign key', ({ schema }) => `CREATE TABLE mine (id int REFERENCES ${schema}.planted)`),
  own('make a view', ({ schema }) => `CREATE VIEW mine AS SELECT * FROM ${schema}.planted`),
  own('make a materialized view', ({ schema }) => `CREATE MATERIALIZED VIEW mine AS SELECT * FROM ${schema}.planted`),
  own('copy into a table', ({ schema }) => `CREATE TABLE mine AS SELECT * FROM ${schema}.planted`),
  own('copy the shape of a table', ({ schema }) => `CREATE TABLE mine (LIKE ${schema}.planted)`),
  own('inherit from a table', ({ schema }) => `CREATE TABLE mine () INHERITS (${schema}.planted)`),
  own('use a type', ({ schema }) => `CREATE TABLE mine (it ${schema}.planted_type)`),
  own('default from a sequence', ({ schema }) => `CREATE TABLE mine (id int DEFAULT nextval('${schema}.planted_seq'))`),
  own('make a function over a table', ({ schema }) => {
    return `CREATE FUNCTION mine() RETURNS text LANGUAGE sql AS 'SELECT secret FROM ${schema}.planted'`;
  }),
  own('run a SECURITY DEFINER function over a table', ({ schema }) => {
    const body = `$$ BEGIN RETURN (SELECT secret FROM ${schema}.planted); END $$`;
    return `CREATE FUNCTION mine() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS ${body}; SELECT mine()`;
  }),
  own('run a trigger function', ({ schema }) => {
    return `CREATE TRIGGER mine AFTER INSERT ON planted EXECUTE FUNCTION ${schema}.planted_trigger()`;
  }),
];

const ALTERING = [
  own('create a table', ({ schema }) => `CREATE TABLE ${schema}.mine ()`),
  own('create a function', ({ schema }) => `CREATE FUNCTION ${schema}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`),
  own('move a table there', ({ schema }) => `CREATE TABLE mine (); ALTER TABLE mine SET SCHEMA ${schema}`),
  own('add a column', ({ schema }) => `ALTER TABLE ${schema}.planted ADD COLUMN mine int`),
  own('add a trigger', ({ schema }) => {
    return `CREATE TRIGGER mine AFTER INSERT ON ${schema}.planted EXECUTE FUNCTION planted_trigger()`;
  }),
  own('add a rule', ({ schema }) => `CREATE RULE mine AS ON INSERT TO ${schema}.planted DO ALSO NOTIFY mine`),
  own('add an index', ({ schema }) => `CREATE INDEX ON ${schema}.planted (secret)`),
  own('add a policy', ({ schema }) => `CREATE POLICY mine ON ${schema}.planted USING (true)`),
  own('comment', ({ schema }) => `COMMENT ON TABLE ${schema}.planted IS 'mine'`),
  own('drop a table', ({ schema }) => `DROP TABLE ${schema}.planted CASCADE`),
  own('replace a function', ({ schema }) => {
    return `CREATE OR REPLACE FUNCTION ${schema}.planted_definer() RETURNS text LANGUAGE sql AS 'SELECT secret FROM planted'`;
  }),
  own('take over a table', ({ schema }, me) => `ALTER TABLE ${schema}.planted OWNER TO ${me.role}`),
  own('give away a function to run as its new owner', ({ role }) => {
    const made = `CREATE FUNCTION mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`;
    return `${made}; ALTER FUNCTION mine() OWNER TO ${role}`;
  }),
  administrator('drop the schema', ({ schema }) => `DROP SCHEMA ${schema} CASCADE`),
  administrator('rename the schema', ({ schema }) => `ALTER SCHEMA ${schema} RENAME TO mine`),
  administrator('take over the schema', ({ schema }, me) => `ALTER SCHEMA ${schema} OWNER TO ${me.role}`),
];

const BECOMING = [
  own('SET ROLE', ({ role }) => `SET LOCAL ROLE ${role}`),
  own('set the role by a function', ({ role }) => `SELECT set_config('role', '${role}', true)`),
  own('SET SESSION AUTHORIZATION', ({ role }) => `SET LOCAL SESSION AUTHORIZATION ${role}`),
  own("change the other's password", ({ role }) => `ALTER ROLE ${role} PASSWORD 'mine'`),
  own("change the other's settings", ({ role }) => `ALTER ROLE ${role} SET search_path = mine`),
  own(
    'change default privileges',
    ({ role }) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${role} GRANT SELECT ON TABLES TO PUBLIC`,
  ),
  own('drop what the other owns', ({ role }) => `DROP OWNED BY ${role} CASCADE`),
  own('reassign what the other owns', ({ role }, me) => `REASSIGN OWNED BY ${role} TO ${me.role}`),
  administrator('become a member', ({ role }, me) => `GRANT ${role} TO ${me.role}`),
  administrator('let the other in', ({ role }, me) => `GRANT ${me.role} TO ${role}`),
  administrator('rename the other', ({ role }) => `ALTER ROLE ${role} RENAME TO mine`),
  administrator('become a superuser', (_, me) => `ALTER ROLE ${me.role} SUPERUSER`),
  administrator('become a maker of roles', (_, me) => `ALTER ROLE ${me.role} CREATEROLE`),
  administrator('bypass row security', (_, me) => `ALTER ROLE ${me.role} BYPASSRLS`),
];

const SEARCH_PATH = [
  own(
    'find a table on the search path',
    ({ schema }) => `SET LOCAL search_path = ${schema}; SELECT * FROM planted`,
    '42P01',
  ),
  own(
    'find a function on the search path',
    ({ schema }) => `SET LOCAL search_path = ${schema}; SELECT planted_function()`,
    '42883',
  ),
  own('create on the search path', ({ schema }) => `SET LOCAL search_path = ${schema}; CREATE TABLE mine ()`, '3F000'),
  own(
    'set the path by a function',
    ({ schema }) => {
      return `SELECT set_config('search_path', '${schema}', true); SELECT * FROM planted`;
    },
    '42P01',
  ),
  own(
    'find a table on the path of a function',
    ({ schema }) => {
      const body = `'BEGIN RETURN (SELECT secret FROM planted); END'`;
      return `CREATE FUNCTION mine() RETURNS text LANGUAGE plpgsql SET search_path = ${schema} AS ${body}; SELECT mine()`;
    },
    '42P01',
  ),
];

/** What the text of a program need not show: the database sees the statement that comes out. */
const SPELLED = [
  own('read by a name that is put together', ({ schema }) => ['SELECT secret FROM ', schema, '.', 'planted'].join('')),
  own('read by an escaped name', ({ schema }) => `SELECT secret FROM U&"${escaped(schema)}".planted`),
  own('read past a comment', ({ schema }) => `SELECT secret FROM /* mine */ "${schema}" -- \n . planted`),
  own('become the other by an escaped name', ({ role }) => `SET LOCAL ROLE U&"${escaped(role)}"`),
  own('become the other by a quoted setting', ({ role }) => `SET LOCAL "role" = '${role}'`),
  own(
    'become the other in an anonymous block',
    ({ role }) => `DO $$ BEGIN EXECUTE chr(83) || 'ET LOCAL ROLE ' || quote_ident('${role}'); END $$`,
  ),
  own('set the schema', ({ schema }) => `SET LOCAL SCHEMA '${schema}'; SELECT * FROM planted`, '42P01'),
];

function escaped(name: string): string {
  return [...name].map((letter) => `\\${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

const LARGE_OBJECTS = [
  own('read a large object', ({ blob }) => `SELECT lo_get(${blob})`),
  own('write a large object', ({ blob }) => `SELECT lo_put(${blob}, 0, 'mine')`),
  own('open a large object', ({ blob }) => `SELECT lo_open(${blob}, 262144)`),
  own('remove a large object', ({ blob }) => `SELECT lo_unlink(${blob})`),
  own('grant a large object', ({ blob }) => `GRANT SELECT ON LARGE OBJECT ${blob} TO PUBLIC`),
  administrator('read all large objects', () => 'SELECT data FROM pg_largeobject'),
];

/** Places where two modules could meet, or shadow what the other means. */
const COMMON_GROUND = [
  administrator('create a table in public', () => 'CREATE TABLE public.mine ()'),
  administrator(
    'create a function in public',
    () => `CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  ),
  administrator('create a view in public', (_, me) => `CREATE VIEW public.mine AS SELECT * FROM ${me.schema}.planted`),
  administrator(
    'move a table to public',
    (_, me) => `CREATE TABLE ${me.schema}.mine (); ALTER TABLE ${me.schema}.mine SET SCHEMA public`,
  ),
  administrator('create a schema', () => 'CREATE SCHEMA mine'),
  administrator('shadow a table by a temporary one', () => 'CREATE TEMP TABLE outbox ()'),
  administrator('shadow a table in pg_temp', () => 'CREATE TABLE pg_temp.outbox ()'),
  administrator('shadow a view', () => 'CREATE TEMP VIEW planted AS SELECT 1'),
  administrator('shadow a function', () => `CREATE FUNCTION pg_temp.now() RETURNS int LANGUAGE sql AS 'SELECT 1'`),
  nobody('replace a function of PostgreSQL', () => {
    return `CREATE OR REPLACE FUNCTION pg_catalog.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`;
  }),
  administrator('create a publication of everything', () => 'CREATE PUBLICATION mine FOR ALL TABLES'),
  administrator('create an extension', () => 'CREATE EXTENSION pg_trgm'),

  administrator('create an event trigger', () => {
    const made = `CREATE FUNCTION mine() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'`;
    return `${made}; CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION mine()`;
  }),
];

const SERVER = [
  administrator('read a file', () => `SELECT pg_read_file('PG_VERSION')`),
  administrator('read a binary file', () => `SELECT pg_read_binary_file('PG_VERSION')`),
  administrator('list a folder', () => `SELECT pg_ls_dir('.')`),
  administrator('look at a file', () => `SELECT pg_stat_file('PG_VERSION')`),
  administrator('import a file', () => `SELECT lo_import('PG_VERSION')`),
  nobody('export a file', (_, me) => `SELECT lo_export(${me.blob}, '/nowhere/at/all')`),
  nobody('copy from a file', () => `COPY planted FROM '/nowhere/at/all'`),
  nobody('copy from a program', () => `COPY planted FROM PROGRAM 'false'`),
  nobody('copy to a program', () => `COPY planted TO PROGRAM 'false'`),
  nobody('call C code', () => `CREATE FUNCTION mine() RETURNS int LANGUAGE c AS '/nowhere/at/all', 'mine'`),
  nobody('call internal code', () => `CREATE FUNCTION mine() RETURNS text LANGUAGE internal AS 'current_user'`),
  nobody('load a library', () => `LOAD '/nowhere/at/all'`),
  nobody('reach another database', () => 'CREATE FOREIGN DATA WRAPPER mine'),
  nobody('follow the log of changes', () => `SELECT pg_create_logical_replication_slot('mine', 'pgoutput')`),
  administrator('read the passwords', () => 'SELECT rolpassword FROM pg_authid'),
  administrator('read the statistics of all columns', () => 'SELECT stavalues1 FROM pg_statistic'),
  administrator('disable triggers and foreign keys', () => 'SET LOCAL session_replication_role = replica'),
  administrator('create a role', () => 'CREATE ROLE mine'),
  administrator('see every large object', () => 'SET LOCAL lo_compat_privileges = on'),
  administrator(
    'change the database',
    () => `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = mine', current_database()); END $$`,
  ),
  administrator("cancel the other's statement", ({ pid }) => `SELECT pg_cancel_backend(${pid})`),
  nobody("end the other's session", ({ pid }) => `SELECT pg_terminate_backend(${pid})`),
];

/** Statements that PostgreSQL runs outside of a transaction only. */
export const ALONE: readonly string[] = [
  'CREATE DATABASE mine',
  `CREATE TABLESPACE mine LOCATION '/nowhere'`,
  'ALTER SYSTEM SET lo_compat_privileges = on',
  `CREATE SUBSCRIPTION mine CONNECTION 'dbname=postgres' PUBLICATION mine`,
];

export const INTRUSIONS: readonly Intrusion[] = [
  ...READING,
  ...DEPENDING,
  ...ALTERING,
  ...BECOMING,
  ...SEARCH_PATH,
  ...SPELLED,
  ...LARGE_OBJECTS,
  ...COMMON_GROUND,
  ...SERVER,
];
