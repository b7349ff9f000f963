import pg from 'pg';
import { databaseOf } from './urls.js';

/** Any number: it names the lock that serialises provisioning and migrating within one database. */
const LOCK = 7_166_002;

export interface ModuleLogin {
  module: string;
  /** Connection URL of the module's role: its user and password are what gets created. */
  url: string;
}

/**
 * Runs `work` on an administrator's connection while no other process provisions or migrates this database.
 * @throws the connection's error
 */
export async function withAdministrator<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: 'liftout:admin',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
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
 * @guarantee a role can connect to this database only by its own login, and can use no schema but its own
 */
export async function provision(client: pg.Client, logins: readonly ModuleLogin[]): Promise<void> {
  await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
  for (const login of logins) await provisionModule(client, login);
  await separateRoles(client, logins.map(roleOf));
}

async function provisionModule(client: pg.Client, login: ModuleLogin): Promise<void> {
  const role = client.escapeIdentifier(roleOf(login));
  const schema = client.escapeIdentifier(login.module);
  const database = client.escapeIdentifier(databaseOf(login.url));
  await makeRole(client, login);
  // An administrator who is no superuser must be a member of a role to take over what it owns.
  await client.query(`GRANT ${role} TO CURRENT_USER`);
  await client.query(`REVOKE CREATE, TEMPORARY ON DATABASE ${database} FROM PUBLIC, ${role}`);
  await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${role}`);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  await takeOverSchema(client, login);
  await client.query(`REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`);
  await client.query(`GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`);
}

const POWERLESS = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';

/** An administrator who is no superuser may not even repeat that a role has no such power. */
async function makeRole(client: pg.Client, login: ModuleLogin): Promise<void> {
  const role = client.escapeIdentifier(roleOf(login));
  const password = client.escapeLiteral(decodeURIComponent(new URL(login.url).password));
  const { rows } = await client.query<{ powerful: boolean }>(
    `SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS powerful
       FROM pg_roles WHERE rolname = $1`,
    [roleOf(login)],
  );
  if (rows.length === 0) await client.query(`CREATE ROLE ${role} ${POWERLESS}`);
  else if (rows[0]!.powerful) await client.query(`ALTER ROLE ${role} ${POWERLESS}`);
  await client.query(`ALTER ROLE ${role} LOGIN NOINHERIT PASSWORD ${password}`);
}

/** A schema that somebody made beforehand may belong to the role, which could then open it for others. */
async function takeOverSchema(client: pg.Client, login: ModuleLogin): Promise<void> {
  const text = 'SELECT FROM pg_namespace WHERE nspname = $1 AND pg_get_userbyid(nspowner) = $2';
  const { rowCount } = await client.query(text, [login.module, roleOf(login)]);
  if (rowCount === 0) return;
  await client.query(`ALTER SCHEMA ${client.escapeIdentifier(login.module)} OWNER TO CURRENT_USER`);
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
