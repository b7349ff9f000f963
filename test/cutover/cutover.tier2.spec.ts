import { beforeAll, expect, it } from '@jest/globals';
import { contextOptions } from '../../src/platform/bounded-context.js';
import { migrate } from '../../src/platform/persistence/migrate.js';
import { provision, withAdministrator } from '../../src/platform/persistence/provision.js';
import { describeUrl, moduleUrl } from '../../src/platform/persistence/urls.js';
import { createDatabase, dropDatabase, eventually } from '../../src/platform/testing/index.js';
import { Side } from '../../src/tools/cutover/side.js';
import { Cutover } from '../../src/tools/cutover/steps.js';
import { Cluster } from '../support/cluster.js';
import { CountingModule, RaiseCounter } from '../support/counting.js';
import { needs } from '../support/needs.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';
import { afterwards } from '../support/stage.js';

const describe = needs('pg_basebackup');
const module = 'counting';
const migrations = contextOptions(CountingModule)!.migrations ?? [];
const CLIENTS = 4;

describe('a module whose data moves from PostgreSQL of this machine to the embedded one', () => {
  let source: Side;
  let target: Side;
  let list: string;
  let cutover: Cutover;
  beforeAll(async () => {
    const cluster = await Cluster.start('wal_level=logical');
    const admins = [cluster.adminUrl, await createDatabase()] as const;
    afterwards(() => dropDatabase(admins[1]));
    const [from, to] = admins.map((admin) => moduleUrl(admin, module)) as [string, string];
    await withAdministrator(admins[0], (client) => provision(client, [{ module, url: from }]));
    await migrate({ module, url: from, migrations });
    list = `${from} ${to}`;
    source = await Side.open(module, admins[0], from);
    target = await Side.open(module, admins[1], to);
    afterwards(async () => void (await Promise.all([source.close(), target.close()])));
    cutover = new Cutover(source, target, migrations);
  }, 120_000);

  const start = (urls = list) => startReplica({ urls: new Map([[module, urls]]) }, [CountingModule]);

  /** Clients that raise counters all the time; how often, and how long one has waited at most. */
  function load(replica: Replica) {
    const seen = { over: false, answered: 0, longestMs: 0 };
    const client = async (n: number) => {
      for (let i = 0; !seen.over; i++) {
        const since = performance.now();
        await replica.execute(
          new RaiseCounter({ counter: `client-${n}-${Math.floor(i / 500)}-${run}` }),
          `${run}-${n}-${i}`,
        );
        seen.longestMs = Math.max(seen.longestMs, performance.now() - since);
        seen.answered++;
      }
    };
    const run = Math.random();
    const all = Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
    return {
      seen,
      end: async () => void ((seen.over = true), await all),
      more: async (count: number) => {
        const wanted = seen.answered + count;
        await Promise.race([all, eventually(() => seen.answered >= wanted, 'answers', 60_000)]);
      },
    };
  }

  const follows = async () => (await cutover.status()).step === 'following';
  const said = (side: Side) => side.value<number>(`SELECT coalesce(sum(value), 0)::int FROM counting.counter`);
  const heard = (side: Side) => side.value<number>('SELECT count(*)::int FROM counting.heard');

  it('is refused while a process does not know the target; the source stays in charge, and abort leaves nothing', async () => {
    const replica = await start(list.split(' ')[0]);
    expect((await cutover.plan()).warnings.join()).toContain(`does not know ${target.place} yet: liftout:counting`);
    await cutover.prepare();
    await eventually(follows, 'the copy', 60_000);
    await expect(cutover.switch()).rejects.toThrow(`These processes do not know ${target.place}`);
    await replica.execute(new RaiseCounter({ counter: 'refused' }));
    await cutover.abort();
    expect(await cutover.status()).toMatchObject({ step: 'none', frozen: false, slots: [] });
    expect(await target.hasSchema()).toBe(false);
    await replica.stop();
  }, 120_000);

  it('moves there, back and there again under load: nothing is lost or doubled, and nobody is refused', async () => {
    const replica = await start();
    const before = await said(source);
    const clients = load(replica);
    await clients.more(100);
    await cutover.prepare();
    await cutover.prepare();
    await eventually(follows, 'the copy', 60_000);
    const pauses: number[] = [];
    for (const [step, side] of [
      ['switch', target],
      ['back', source],
      ['switch', target],
    ] as const) {
      await eventually(async () => (await cutover.status()).copying?.length === 0, 'following', 60_000);
      const { pauseMs, report } = await cutover[step]();
      pauses.push(pauseMs);
      expect(report).toMatch(/^Proven by the snapshot of the switch: /);
      await clients.more(50);
      expect((await cutover.status()).inCharge).toBe(side.place);
    }
    await clients.end();
    expect((await said(target)) - before).toBe(clients.seen.answered);
    await eventually(async () => (await heard(target)) >= (await said(target)), 'everything being heard', 60_000);
    expect(await heard(target)).toBe(await said(target));
    const doubled =
      'SELECT count(*)::int FROM (SELECT FROM counting.heard GROUP BY counter, value HAVING count(*) > 1) t';
    expect(await target.value<number>(doubled)).toBe(0);
    expect(await cutover.finish()).toContain('counting_moved');
    expect(await cutover.status()).toMatchObject({ step: 'none', slots: [] });
    await replica.execute(new RaiseCounter({ counter: 'after' }));
    process.stderr.write(
      `pauses ${pauses.map(Math.round).join(', ')} ms; longest wait ${Math.round(clients.seen.longestMs)} ms; ${clients.seen.answered} commands, ${describeUrl(list.split(' ')[0]!)}\n`,
    );
    await replica.stop();
  }, 240_000);
});
