import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt, startHost } from '../support/host-process.js';
import { logins } from '../support/logins.js';
import { Shop } from '../support/shop.js';
import { emptyDatabase, emptyFolder, openFolder, otherServer, ownEnv } from '../support/stage.js';

/** The administrator of a second server. */
let second: string;

beforeAll(async () => {
  second = await otherServer();
}, 60_000);

async function query<T extends pg.QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

const db = (env: HostEnv, ...args: string[]) => runBuilt('tools/db.js', args, env).stopped;
const schemasOf = async (url: string) => {
  const text = `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)' ORDER BY 1`;
  return (await query<{ name: string }>(url, text)).map(({ name }) => name);
};
const rolesLike = async (url: string, pattern: string) =>
  (await query<{ name: string }>(url, `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE '${pattern}'`)).length;

/** Production with a login for each module, in a database of its own. */
async function production() {
  const url = await emptyDatabase();
  const env = { DATA_DIR: await emptyFolder(), NODE_ENV: 'production', DATABASE_ADMIN_URL: url, ...logins(url) };
  return { url, env, roles: `liftout_${new URL(url).pathname.slice(1)}_%` };
}

/** A login of payments on the second server, in its database. */
function elsewhere(): string {
  const url = new URL(second);
  url.username = 'payments_login';
  url.password = 'secret';
  return url.href;
}

describe('npm run db', () => {
  it('sees to the modules of MODULES, of which it needs no seam addresses, and to no other', async () => {
    const { url, env, roles } = await production();
    const { code, output, errors } = await db({ ...env, MODULES: 'payments' }, 'provision');
    expect({ code, output, errors }).toEqual({ code: 0, output: 'payments: has its role and schema\n', errors: '' });
    expect([await schemasOf(url), await rolesLike(url, roles)]).toEqual([['payments'], 1]);
    expect((await db({ ...env, MODULES: 'payments' }, 'migrate')).output).toMatch(/^payments: migrated .*\n$/);
    expect((await db({ ...env, MODULES: 'payments' }, 'status')).output).toBe('payments: is up to date\n');
  });

  it('sees to the modules that are named, whatever MODULES says, and refuses names that there are not', async () => {
    const { url, env } = await production();
    await db({ ...env, MODULES: 'payments' }, 'provision', 'catalog', 'ordering');
    expect(await schemasOf(url)).toEqual(['catalog', 'ordering']);
    const { code, errors } = await db(env, 'provision', 'letters');
    expect({ code, errors }).toEqual({
      code: 2,
      errors: 'There is no module "letters"; expected some of catalog, inventory, ordering, payments, storefront.\n',
    });
  });

  it('derives no login in production', async () => {
    const { url, env } = await production();
    const { PAYMENTS_DATABASE_URL: _, ...rest } = env as HostEnv;
    const { code, errors } = await db(rest, 'provision', 'payments');
    expect([code, errors]).toEqual([2, expect.stringContaining('PAYMENTS_DATABASE_URL: required in production')]);
    expect(await schemasOf(url)).toEqual([]);
  });

  it('names the administrator that is missing: once where there is none at all, else by module', async () => {
    const { url, env } = await production();
    const { DATABASE_ADMIN_URL: _, ...rest } = env as HostEnv;
    const none = await db(rest, 'provision');
    expect([none.code, none.errors]).toEqual([2, expect.stringContaining('DATABASE_ADMIN_URL: required: an admin')]);
    const one = await db({ ...rest, PAYMENTS_DATABASE_ADMIN_URL: url }, 'provision', 'catalog', 'payments');
    expect([one.code, one.output]).toEqual([1, 'payments: has its role and schema\n']);
    expect(one.errors).toMatch(
      /^catalog: CATALOG_DATABASE_ADMIN_URL: required: .* no DATABASE_ADMIN_URL either\. \(LIFTOUT_DATABASE_URL: docs\/errors\.md\)\n$/,
    );
  });

  it('refuses the administrator as the login of a module', async () => {
    const { url, env } = await production();
    const { code, errors } = await db({ ...env, PAYMENTS_DATABASE_URL: url }, 'provision', 'payments', 'catalog');
    expect([code, errors]).toEqual([
      1,
      expect.stringContaining('PAYMENTS_DATABASE_URL: postgres is the administrator'),
    ]);
    expect(await schemasOf(url)).toEqual(['catalog']);
  });

  it('sees to the others where a server refuses one for a reason of its own', async () => {
    const { url, env } = await production();
    const body = `IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'catalog')
      THEN RAISE 'catalog is not for us'; END IF`;
    await query(url, `CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN ${body}; END$$`);
    await query(url, `CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION guard()`);
    const { code, errors } = await db(env, 'provision');
    expect({ code, errors }).toEqual({ code: 1, errors: 'catalog: catalog is not for us\n' });
    expect(await schemasOf(url)).toEqual(['inventory', 'ordering', 'payments', 'storefront']);
  });

  it('leaves a role that is fenced as it is, and says so', async () => {
    const { url, env } = await production();
    await db(env, 'provision');
    const role = new URL(env['PAYMENTS_DATABASE_URL' as keyof typeof env]).username;
    await query(url, `ALTER ROLE ${role} NOLOGIN`);
    const { code, output } = await db(env, 'provision');
    expect(code).toBe(0);
    expect(output).toContain('payments: has its role and schema; its role is fenced (NOLOGIN), and stays so');
    expect(await query(url, `SELECT rolcanlogin FROM pg_roles WHERE rolname = '${role}'`)).toEqual([
      { rolcanlogin: false },
    ]);
    const migrated = await db(env, 'migrate');
    expect([migrated.code, migrated.errors]).toEqual([
      1,
      expect.stringMatching(
        /^payments: .* this user may not log in: role .* is not permitted to log in\. \(LIFTOUT_DATABASE_UNREACHABLE: docs\/errors\.md\)\n$/,
      ),
    ]);
    expect(migrated.output).toMatch(/^catalog: migrated[\s\S]*storefront: migrated/);
  });
});

describe('a module on a server of its own', () => {
  it('is refused by name without an administrator there; the others are seen to', async () => {
    const { url, env, roles } = await production();
    const { code, output, errors } = await db({ ...env, PAYMENTS_DATABASE_URL: elsewhere() }, 'provision');
    expect(code).toBe(1);
    expect(errors).toMatch(
      /^payments: PAYMENTS_DATABASE_ADMIN_URL: required: the database of payments is 127\S+liftout, /,
    );
    expect(errors.split('\n')).toHaveLength(2);
    expect(output.split('\n')).toHaveLength(5);
    expect([await schemasOf(url), await rolesLike(url, roles)]).toEqual([
      ['catalog', 'inventory', 'ordering', 'storefront'],
      4,
    ]);
    expect(await rolesLike(url, 'payments_login')).toBe(0);
  });

  it('is refused with an administrator of something else, or one that does not answer, whose server is named', async () => {
    const { url, env } = await production();
    const own = { ...env, PAYMENTS_DATABASE_URL: elsewhere() };
    const wrong = await db({ ...own, PAYMENTS_DATABASE_ADMIN_URL: url }, 'provision', 'payments');
    expect([wrong.code, wrong.errors]).toEqual([1, expect.stringContaining('is not the database of payments')]);
    const stranger = new URL(second);
    stranger.password = 'hunter2';
    const { errors } = await db({ ...own, PAYMENTS_DATABASE_ADMIN_URL: stranger.href }, 'provision', 'payments');
    expect(errors).toBe(
      `payments: Cannot use the database ${stranger.host}/liftout as postgres: the password is wrong, or there is no such user. (LIFTOUT_DATABASE_UNREACHABLE: docs/errors.md)\n`,
    );
  });

  it('a module on a server of its own in development has its role there, and an order is confirmed over both', async () => {
    const common = await ownEnv();
    const env = { ...common, PAYMENTS_DATABASE_URL: elsewhere(), PAYMENTS_DATABASE_ADMIN_URL: second };
    const refused = await runBuilt('main.js', [], { ...common, PORT: '0', PAYMENTS_DATABASE_URL: elsewhere() }).stopped;
    expect([refused.code, refused.errors]).toEqual([
      2,
      expect.stringContaining('PAYMENTS_DATABASE_ADMIN_URL: required: the database of payments is '),
    ]);
    const host = await startHost(env);
    const shop = new Shop(host.url, common.DATA_DIR);
    const customer = await shop.customer();
    const sku = await (await shop.staff()).stocked(1);
    expect((await customer.buy([{ sku, quantity: 1 }])).status).toBe('confirmed');
    expect(await schemasOf(second)).toEqual(['payments']);
    expect(await schemasOf(common.DATABASE_URL)).toEqual(['catalog', 'inventory', 'ordering', 'storefront']);
    expect(await query(second, 'SELECT status FROM payments.payment')).toEqual([{ status: 'charged' }]);
  }, 60_000);
});

describe('the embedded database', () => {
  it('is looked at, and its address told, without a word about where it is', async () => {
    const env = { DATA_DIR: await openFolder() };
    expect((await db(env, 'provision')).code).toBe(0);
    expect((await db(env, 'status')).output).toMatch(/^catalog: is to run /);
    const host = await startHost({ ...env, RATE_LIMIT: 'off' });
    expect((await db(env, 'status')).output).toContain('storefront: is up to date');
    const { output } = await db(env, 'url', 'payments');
    expect(await query(output.trim(), 'SELECT count(*)::int FROM payments.payment')).toEqual([{ count: 0 }]);
    host.kill('SIGTERM');
    await host.stopped;
  }, 60_000);

  it.each([
    [[], 'url needs one module: one of catalog, '],
    [['catalog', 'payments'], 'url needs one module: one of catalog, '],
  ])('is told for one module only: %j', async (names, message) => {
    const { code, errors } = await db({ DATA_DIR: await emptyFolder() }, 'url', ...names);
    expect([code, errors]).toEqual([2, expect.stringContaining(message)]);
  });
});

it('LOG_FORMAT=json writes nothing but JSON to standard output', async () => {
  const { DATA_DIR, DATABASE_URL } = await ownEnv();
  const host = await startHost({ DATA_DIR, DATABASE_URL, LOG_FORMAT: 'json' });
  host.kill('SIGTERM');
  const { output } = await host.stopped;
  const lines = output.trim().split('\n');
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('msg');
});
