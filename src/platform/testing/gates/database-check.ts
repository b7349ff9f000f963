import pg from 'pg';

/** An object that depends on one of another schema: foreign key, view, default, type, trigger, inheritance. */
const DEPENDENCIES = `
  SELECT DISTINCT pg_describe_object(classid, objid, 0) AS object, a.schema, b.schema AS other,
         pg_describe_object(refclassid, refobjid, 0) AS on
    FROM pg_depend,
         LATERAL (SELECT coalesce(i.schema, n.object_names[1]) AS schema FROM pg_identify_object(classid, objid, 0) i,
                         pg_identify_object_as_address(classid, objid, 0) n) a,
         LATERAL (SELECT coalesce(i.schema, n.object_names[1]) AS schema FROM pg_identify_object(refclassid, refobjid, 0) i,
                         pg_identify_object_as_address(refclassid, refobjid, 0) n) b
   WHERE deptype = 'n' AND a.schema <> b.schema AND to_regnamespace(quote_ident(a.schema)) IS NOT NULL
     AND (b.schema = ANY ($1) OR a.schema = ANY ($1) AND refclassid = 'pg_class'::regclass
          AND b.schema NOT IN ('pg_catalog', 'information_schema'))`;

/** Who may use something that a module's role owns, or the schema it is in. */
const GRANTS = `
  WITH owned (kind, name, owner, acl) AS (
    SELECT 'schema', nspname::text, nspowner, nspacl FROM pg_namespace WHERE nspname = ANY ($1)
    UNION ALL SELECT 'table', oid::regclass::text, relowner, relacl FROM pg_class
    UNION ALL SELECT 'column', attrelid::regclass || '.' || attname, relowner, attacl
                FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    UNION ALL SELECT 'function', oid::regprocedure::text, proowner, proacl FROM pg_proc
    UNION ALL SELECT 'type', oid::regtype::text, typowner, typacl FROM pg_type
    UNION ALL SELECT 'large object', oid::text, lomowner, lomacl FROM pg_largeobject_metadata
    UNION ALL SELECT 'default privileges', coalesce(defaclnamespace::regnamespace::text, ''), defaclrole, defaclacl FROM pg_default_acl
  )
  SELECT DISTINCT kind, name, CASE grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(grantee)::text END AS grantee
    FROM owned, aclexplode(acl)
   WHERE grantee <> owner AND (owner = ANY ($2::regrole[]::oid[]) OR kind = 'schema' AND NOT (grantee = ANY ($2::regrole[]::oid[])
         AND pg_get_userbyid(grantee) = $3::jsonb ->> name))`;

const STRANGERS = `
  SELECT nspname AS schema, c.oid::regclass::text AS name, pg_get_userbyid(relowner) AS owner
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE nspname = ANY ($1) AND pg_get_userbyid(relowner) <> $2::jsonb ->> nspname`;

const MEMBERS = `
  SELECT roleid::regrole::text AS role, member::regrole::text AS member FROM pg_auth_members
   WHERE roleid = ANY ($1::regrole[]::oid[]) AND member = ANY ($1::regrole[]::oid[])`;

/**
 * What the modules' schemas have to do with each other in a migrated database: there has to be nothing. Roles cannot
 * reach into other schemas, but what an administrator did, or a role to its own, is not refused.
 *
 * @param adminUrl connection URL of an administrator
 * @param urls connection URL of each module's role
 * @returns a line for each leak: who, what, and what to do instead
 */
export async function databaseLeaks(adminUrl: string, urls: ReadonlyMap<string, string>): Promise<string[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return await leaksOf(client, urls);
  } finally {
    await client.end();
  }
}

async function leaksOf(client: pg.Client, urls: ReadonlyMap<string, string>): Promise<string[]> {
  const schemas = [...urls.keys()];
  const owners = Object.fromEntries(
    [...urls].map(([module, url]) => [module, decodeURIComponent(new URL(url).username)]),
  );
  const roles = Object.values(owners).map((role) => client.escapeIdentifier(role));
  const ask = async (text: string, ...values: unknown[]) =>
    (await client.query<Record<string, string>>(text, values)).rows;
  const dependencies = await ask(DEPENDENCIES, schemas);
  const grants = await ask(GRANTS, schemas, roles, JSON.stringify(owners));
  const strangers = await ask(STRANGERS, schemas, JSON.stringify(owners));
  const members = await ask(MEMBERS, roles);
  return [
    ...dependencies.map(
      (it) => `${it['object']} of ${it['schema']} depends on ${it['on']} of ${it['other']}: keep a copy instead.`,
    ),
    ...grants.map(
      (it) => `${it['kind']} ${it['name']} is open to ${it['grantee']}: revoke it, and answer a query instead.`,
    ),
    ...strangers.map(
      (it) => `${it['name']} in ${it['schema']} belongs to ${it['owner']}: let a migration of ${it['schema']} make it.`,
    ),
    ...members.map((it) => `${it['member']} is a member of ${it['role']}: revoke it, each module has its own role.`),
  ];
}
