import { databaseOf } from '../../platform/connection/urls.js';
import type { Method } from './state.js';
import type { Side } from './side.js';

interface Rights {
  user: string;
  superuser: boolean;
  creates_roles: boolean;
  replicates: boolean;
  subscribes: boolean;
  /** In this database. */
  creates: boolean;
}

/** From this version on others than superusers may make subscriptions, and roles for replication. */
const WITHOUT_SUPERUSER = 16;

/** What the administrator of a side may not do that has to be done, each with the statements that mend it. */
export async function missingRights(side: Side, method: Method): Promise<string[]> {
  const text = `SELECT rolname AS user, rolsuper AS superuser, rolcreaterole AS creates_roles, rolreplication AS replicates,
      EXISTS (SELECT FROM pg_roles p WHERE p.rolname = 'pg_create_subscription' AND pg_has_role(p.oid, 'USAGE')) AS subscribes,
      has_database_privilege(current_database(), 'CREATE') AS creates FROM pg_roles WHERE rolname = current_user`;
  const rights = (await side.rows<Rights>(text))[0]!;
  if (rights.superuser) return [];
  const { place, version } = side;
  if (method === 'logical' && version < WITHOUT_SUPERUSER)
    return [
      `${place}: PostgreSQL ${version} lets only a superuser make subscriptions, and ${rights.user} is none: use one, PostgreSQL ` +
        `${WITHOUT_SUPERUSER} or later, or --method copy.`,
    ];
  return lacking(side, rights, method);
}

function lacking(side: Side, rights: Rights, method: Method): string[] {
  const user = side.id(rights.user);
  const attributes = [
    ...(rights.creates_roles ? [] : ['CREATEROLE']),
    ...(rights.replicates || method === 'copy' ? [] : ['REPLICATION']),
  ];
  const statements = [
    ...(attributes.length > 0 ? [`ALTER ROLE ${user} ${attributes.join(' ')}`] : []),
    ...(rights.subscribes || method === 'copy' ? [] : [`GRANT pg_create_subscription TO ${user}`]),
    ...(rights.creates ? [] : [`GRANT CREATE ON DATABASE ${side.id(databaseOf(side.adminUrl))} TO ${user}`]),
  ];
  if (statements.length === 0) return [];
  const otherwise = method === 'logical' ? ' Or use --method copy.' : '';
  return [`${side.place}: ${rights.user} lacks rights. As a superuser: ${statements.join('; ')}.${otherwise}`];
}

/** What keeps the administrator of a side from looking at the module at all: its role and schema may be of another one. */
export async function strangeness(side: Side): Promise<string[]> {
  const user = await side.value<string>('SELECT current_user::text');
  const admin = side.version < WITHOUT_SUPERUSER ? 'USAGE' : 'USAGE WITH ADMIN OPTION';
  const role = `SELECT NOT (pg_has_role(oid, '${admin}') AND pg_has_role(oid, 'USAGE')) FROM pg_roles WHERE rolname = $1`;
  const schema = `SELECT NOT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $1`;
  const statements = [
    ...((await side.value<boolean | undefined>(role, [side.role]))
      ? [`GRANT ${side.id(side.role)} TO ${side.id(user)} WITH ADMIN OPTION`]
      : []),
    ...((await side.value<boolean | undefined>(schema, [side.module]))
      ? [`ALTER SCHEMA ${side.id(side.module)} OWNER TO ${side.id(user)}`]
      : []),
  ];
  if (statements.length === 0) return [];
  return [
    `${side.place}: ${user} is not the administrator of ${side.module}. As a superuser: ${statements.join('; ')}.`,
  ];
}
