import type pg from 'pg';
import {
  allSettings,
  BoundedClient,
  LONG_STATEMENT_TIMEOUT_MS,
  moduleSettings,
  sessionConfig,
} from '../connection/connection.js';
import { databaseOf } from '../connection/urls.js';

/** Any number: it names the lock that serialises provisioning and migrating within one database. */
const LOCK = 7_166_002;

interface ModuleLogin {
  module: string;
  /** Connection URL of the module's role: its user and password are what gets created. */
  url: string;
}

/**
 * Runs `work` on an administrator's connection while no other process provisions or migrates this database.
 * @throws the connection's error
 */
export async function withAdministrator<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  // It waits for others that provision or migrate.
  const session = sessionConfig({ application_name: 'liftout:admin', statementTimeoutMs: LONG_STATEMENT_TIMEOUT_MS });
  const client = new BoundedClient({ connectionString: adminUrl, ...session });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Makes a role for each module, and a schema that nobody else can use. Idempotent.
 *
 * The administrator owns the schemas: what a module cannot give away, it cannot open for another. What is taken from
 * PUBLIC is what modules could meet in: `public`, and temporary tables that shadow real ones.
 *
 * A role that may not log in (`NOLOGIN`) has been fenced by somebody, and stays so, also when that happens meanwhile: no
 * role that exists is ever given a login. Only its schema is seen to.
 *
 * @returns the modules whose role is fenced
 * @guarantee a role can connect to this database only by its own login, and can use no schema but its own
 */
export async function provision(client: pg.Client, logins: readonly ModuleLogin[]): Promise<string[]> {
  const roles = await rolesThatExist(client, logins);
  const statements = logins.flatMap((login) => provisionModule(client, login, roles.get(roleOf(login))));
  // Without values they go together, and are one transaction.
  await client.query(['REVOKE CREATE ON SCHEMA public FROM PUBLIC', ...statements].join(';\n'));
  await separateRoles(client, logins.map(roleOf));
  return logins.filter((login) => roles.get(roleOf(login))?.fenced).map(({ module }) => module);
}

interface Role {
  name: string;
  powerful: boolean;
  /** Whether it was told not to log in. */
  fenced: boolean;
  /** Whether it owns the schema of its module. */
  owner: boolean;
}

async function rolesThatExist(client: pg.Client, logins: readonly ModuleLogin[]): Promise<Map<string, Role>> {
  const { rows } = await client.query<Role>(
    `SELECT name, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS powerful,
            NOT rolcanlogin AS fenced,
            EXISTS (SELECT FROM pg_namespace WHERE nspname = schema AND nspowner = r.oid) AS owner
       FROM unnest($1::text[], $2::text[]) login (name, schema) JOIN pg_roles r ON rolname = name`,
    [logins.map(roleOf), logins.map(({ module }) => module)],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

function provisionModule(client: pg.Client, login: ModuleLogin, there: Role | undefined): string[] {
  const role = client.escapeIdentifier(roleOf(login));
  const schema = client.escapeIdentifier(login.module);
  const database = client.escapeIdentifier(databaseOf(login.url));
  return [
    ...makeRole(client, login, there),
    // An administrator who is no superuser must be a member of a role to take over what it owns.
    `GRANT ${role} TO CURRENT_USER`,
    `REVOKE CREATE, TEMPORARY ON DATABASE ${database} FROM PUBLIC, ${role}`,
    `GRANT CONNECT ON DATABASE ${database} TO ${role}`,
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    // A schema that somebody made beforehand may belong to the role, which could then open it for others.
    ...(there?.owner ? [`ALTER SCHEMA ${schema} OWNER TO CURRENT_USER`] : []),
    `REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`,
    `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`,
    // For sessions behind a pooler, which bring no settings.
    ...Object.entries(allSettings(moduleSettings(login.module))).map(
      ([name, value]) => `ALTER ROLE ${role} IN DATABASE ${database} SET ${name} = ${client.escapeLiteral(`${value}`)}`,
    ),
  ];
}

const POWERLESS = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';

/** An administrator who is no superuser may not even repeat that a role has no such power. */
function makeRole(client: pg.Client, login: ModuleLogin, there: Role | undefined): string[] {
  const role = client.escapeIdentifier(roleOf(login));
  const password = client.escapeLiteral(decodeURIComponent(new URL(login.url).password));
  return [
    ...(there ? [] : [`CREATE ROLE ${role} LOGIN ${POWERLESS}`]),
    ...(there?.powerful ? [`ALTER ROLE ${role} ${POWERLESS}`] : []),
    ...(there?.fenced ? [] : [`ALTER ROLE ${role} NOINHERIT PASSWORD ${password}`]),
  ];
}

/** Up to PostgreSQL 14 a role may make others members of itself. */
async function separateRoles(client: pg.Client, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ role: string; member: string }>(
    `SELECT roleid::regrole::text AS role, member::regrole::text AS member FROM pg_auth_members
      WHERE pg_get_userbyid(roleid) = ANY ($1) AND pg_get_userbyid(member) = ANY ($1)`,
    [roles],
  );
  for (const { role, member } of rows) await client.query(`REVOKE ${role} FROM ${member}`);
}

const roleOf = ({ url }: ModuleLogin) => decodeURIComponent(new URL(url).username);
