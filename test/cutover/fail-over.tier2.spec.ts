import { beforeAll, expect, it } from '@jest/globals';
import { migrate } from '../../src/platform/schema/migrate.js';
import { provision, withAdministrator } from '../../src/platform/schema/provision.js';
import { moduleUrl } from '../../src/platform/connection/urls.js';
import { contextOptions } from '../../src/platform/bounded-context.js';
import { eventually } from '../../src/platform/testing/index.js';
import { Cluster } from '../support/cluster.js';
import { CountingModule, RaiseCounter } from '../support/counting.js';
import { needs } from '../support/needs.js';
import { startReplica } from '../support/replica.js';

const describe = needs('pg_basebackup');
const module = 'counting';
const CLIENTS = 6;

describe('a fail-over, with a list of both servers', () => {
  let primary: Cluster;
  let standby: Cluster;
  let list: string;
  beforeAll(async () => {
    primary = await Cluster.start('synchronous_standby_names=*', 'synchronous_commit=local');
    standby = await primary.standby();
    const url = moduleUrl(primary.adminUrl, module);
    await withAdministrator(primary.adminUrl, (client) => provision(client, [{ module, url }]));
    await primary.query(`ALTER ROLE ${new URL(url).username} SET synchronous_commit = on`);
    await migrate({ module, url, migrations: contextOptions(CountingModule)!.migrations ?? [] });
    list = [url, Object.assign(new URL(url), { port: String(standby.port) }).href].join(' ');
  }, 120_000);

  it('loses nothing, does nothing twice, refuses nobody, and takes no restart', async () => {
    const replica = await startReplica({ urls: new Map([[module, list]]) }, [CountingModule]);
    let over = false;
    let answered = 0;
    const client = async (n: number) => {
      for (let i = 0; !over; i++) {
        await replica.execute(new RaiseCounter({ counter: `client-${n}` }), `${n}-${i}`);
        answered++;
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, n) => client(n));
    const failure = Promise.all(clients).then(() => undefined);
    const more = (count: number) =>
      Promise.race([failure, eventually(() => answered >= count, `${count} answers`, 60_000)]);
    await more(50);
    await primary.crash();
    await standby.query('SELECT pg_promote()');
    await more(answered + 50);
    over = true;
    await failure;
    const [{ said }] = (await standby.query<{ said: number }>(
      `SELECT sum(value)::int AS said FROM counting.counter`,
    )) as [{ said: number }];
    expect(said).toBe(answered);
    const heard = async () => (await standby.query('SELECT DISTINCT counter, value FROM counting.heard')).length;
    await eventually(async () => (await heard()) === said, 'everything being heard', 60_000);
    expect((await standby.query('SELECT FROM counting.heard')).length).toBe(said);
    await replica.stop();
  }, 180_000);
});
