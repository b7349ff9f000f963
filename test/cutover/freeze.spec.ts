import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { moduleUrl } from '../../src/platform/connection/urls.js';
import { provision, withAdministrator } from '../../src/platform/schema/provision.js';
import { createDatabase, dropDatabase, eventually } from '../../src/platform/testing/index.js';
import { Side } from '../../src/tools/cutover/side.js';

const module = 'counting';

describe('the freeze of a module', () => {
  let admin: string;
  let login: string;
  let side: Side;
  beforeAll(async () => {
    admin = await createDatabase();
    login = moduleUrl(admin, module);
    await withAdministrator(admin, (client) => provision(client, [{ module, url: login }]));
    side = await Side.open(module, admin, login);
  });
  afterAll(async () => {
    await side.close();
    await dropDatabase(admin);
  });

  /** Sessions that are not complete: none of them is in pg_stat_activity by the name of its role. */
  const beginning = () =>
    side.value<boolean>(`SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_database'::regclass
      AND objid = (SELECT oid FROM pg_database WHERE datname = current_database()))`);

  it('leaves no session that writes, not even one that had read its settings and was not complete', async () => {
    // PostgreSQL stands still between the two for so many seconds.
    const client = new pg.Client({ connectionString: login, options: '-c post_auth_delay=2' });
    client.on('error', () => undefined);
    const complete = client.connect();
    await eventually(beginning, 'a session that begins');
    await side.freeze();
    await complete;
    await expect(client.query('CREATE TABLE counting.too_late ()')).rejects.toThrow(/terminat|read-only|not queryable/);
    await client.end().catch(() => undefined);
  });
});
