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
 * Makes a role, a schema that it owns and nothing else for each module. Idempotent.
 *
 * @guarantee a role can connect to this database only by its own login, and can use no schema but its own
 */
export async function provision(client: pg.Client, logins: readonly ModuleLogin[]): Promise<void> {
  await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
  for (const login of logins) await provisionModule(client, login);
}

async function provisionModule(client: pg.Client, { module, url }: ModuleLogin): Promise<void> {
  const role = decodeURIComponent(new URL(url).username);
  const password = decodeURIComponent(new URL(url).password);
  const quoted = { role: client.escapeIdentifier(role), schema: client.escapeIdentifier(module) };
  const exists = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  const verb = exists.rowCount === 0 ? 'CREATE' : 'ALTER';
  const rights = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION';
  await client.query(`${verb} ROLE ${quoted.role} ${rights} PASSWORD ${client.escapeLiteral(password)}`);
  // An administrator who is no superuser must be a member of a role to give it a schema.
  await client.query(`GRANT ${quoted.role} TO CURRENT_USER`);
  await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(databaseOf(url))} TO ${quoted.role}`);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoted.schema} AUTHORIZATION ${quoted.role}`);
  await client.query(`REVOKE ALL ON SCHEMA ${quoted.schema} FROM PUBLIC`);
}
