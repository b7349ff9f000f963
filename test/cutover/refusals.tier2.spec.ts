import { beforeAll, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../src/platform/testing/index.js';
import { Flow } from '../../src/tools/cutover/flow.js';
import { interrupted } from '../../src/tools/cutover/open.js';
import { barrier } from '../../src/tools/cutover/reach.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { Cluster } from '../support/cluster.js';
import { RaiseCounter } from '../support/counting.js';
import type { Tool } from '../support/moving.js';
import { administrator, following, Moving, said, thereAndBack } from '../support/moving.js';
import { needs } from '../support/needs.js';
import { silentProxy } from '../support/silent-proxy.js';
import { emptyDatabase } from '../support/stage.js';

const describe = needs('pg_basebackup');
const MIB = 1024 * 1024;

/** A table of the module that no small file holds. */
async function large(tool: Tool): Promise<void> {
  await tool.source.client.query(
    `INSERT INTO counting.counter SELECT repeat(md5(n::text), 50) || n, 0 FROM generate_series(1, 24000) n`,
  );
}

describe('a server that is not as logical replication needs it', () => {
  it('is named with what to do; by --method copy the module moves there and back', async () => {
    const cluster = await Cluster.start();
    const moving = await Moving.between(cluster.adminUrl, await emptyDatabase());
    const { cutover, source, close } = await moving.open();
    const problem = `${source.place} has wal_level=replica: set wal_level=logical and restart it, or use --method copy.`;
    expect((await cutover.plan()).problems).toEqual([problem]);
    await expect(cutover.prepare()).rejects.toThrow(problem);
    await close();
    await thereAndBack(await Moving.between(cluster.adminUrl, await emptyDatabase(), 'copy'));
  }, 120_000);

  it('is named where only a superuser may, and where it does not let the other one in', async () => {
    const cluster = await Cluster.start('wal_level=logical');
    const mover = await administrator(cluster.adminUrl, 'CREATEROLE REPLICATION');
    const weak = await (await Moving.between(mover, await emptyDatabase())).open();
    expect((await weak.cutover.plan()).problems.join()).toMatch(
      /PostgreSQL 15 lets only a superuser make subscriptions, and mover_\w+ is none: use one, PostgreSQL 16 or later, or --method copy\./,
    );
    await weak.close();

    await expectRefusedLogin(cluster);
  }, 120_000);
});

/** The source does not let the target in: named by the plan, and by the status where it happens later. */
async function expectRefusedLogin(cluster: Cluster): Promise<void> {
  const flow = 'liftout_cutover_counting_out';
  const hba = join(cluster.data, 'pg_hba.conf');
  const rules = await readFile(hba, 'utf8');
  const reload = async (text: string) => {
    await writeFile(hba, text);
    await cluster.query('SELECT pg_reload_conf()');
  };
  const moving = await Moving.between(cluster.adminUrl, await emptyDatabase());
  const { cutover, source, target, close } = await moving.open();
  const refused = `${target.place} reaches ${source.place}, but is not let in: allow the user ${flow} in pg_hba.conf of ${source.place}, by password.`;
  await reload(`host all ${flow} all reject\n${rules}`);
  await eventually(async () => expect((await cutover.plan()).problems).toEqual([refused]) ?? true);
  await reload(rules);
  await eventually(async () => expect((await cutover.plan()).problems).toEqual([]) ?? true);
  await cutover.prepare();
  await following(cutover);
  await reload(`host all ${flow} all reject\n${rules}`);
  await eventually(
    async () => {
      await source.rows('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active');
      expect((await cutover.status()).problems).toContain(`${refused} ${source.place} is in charge.`);
      return true;
    },
    'the refusal being told',
    30_000,
  );
  await reload(rules);
  await eventually(async () => (await cutover.status()).connected, 'it going on by itself', 30_000);
  await cutover.abort();
  await close();
}

describe('a network', () => {
  let cluster: Cluster;
  beforeAll(async () => void (cluster = await Cluster.start('wal_level=logical')), 60_000);

  it('a network by which one server does not reach the other is named', async () => {
    const { source, target, close } = await (await Moving.between(cluster.adminUrl, await emptyDatabase())).open();
    const [port] = await freePorts(1);
    const elsewhere = Object.create(source, {
      adminUrl: { value: `postgres://postgres@127.0.0.1:${port}/postgres` },
    }) as typeof source;
    const problem = await barrier(new Flow(elsewhere, target, 'out'));
    expect(problem).toMatch(
      new RegExp(`^${target.place} cannot reach ${source.place} by that name and port: .*${port}.*Connection refused`),
    );
    await close();
  }, 60_000);

  it('a network that is lost ends a step with one clear message; replication goes on by itself, and the step is repeated', async () => {
    const line = await silentProxy(cluster.port);
    const moving = await Moving.between(line.through(cluster.adminUrl), await emptyDatabase());
    const first = await moving.open();
    await first.cutover.prepare();
    await following(first.cutover);
    line.close();
    const failure = await eventually(() =>
      first.cutover.status().then(
        () => undefined,
        (error: Error) => error,
      ),
    );
    expect((interrupted([first.source, first.target], failure) as Error).message).toMatch(
      new RegExp(`^The connection to ${first.source.place} was lost: .* repeat the step.$`),
    );
    await first.close();
    await expect(moving.open()).rejects.toThrow(`Cannot use ${first.source.place} as postgres: ECONNREFUSED`);
    const again = await silentProxy(cluster.port, line.port);
    const { cutover, source, close } = await moving.open();
    await source.client.query(`INSERT INTO counting.counter VALUES ('meanwhile', 1)`);
    await eventually(async () => (await cutover.status()).connected, 'it going on by itself', 60_000);
    expect((await cutover.switch()).report).toMatch(/^Proven by the snapshot/);
    await cutover.finish();
    await close();
    again.close();
  }, 120_000);
});

describe('a target that is full', () => {
  let full: Cluster;
  // No file may be larger than what the log needs.
  beforeAll(async () => void (full = await Cluster.limited(20 * MIB, 'wal_level=logical')), 60_000);

  it('is named by the status while it copies, the source is in charge; with room it goes on by itself, and abort leaves nothing', async () => {
    const moving = await Moving.between(await emptyDatabase(), full.adminUrl);
    const tool = await moving.open();
    const { cutover, source, target, close } = tool;
    await large(tool);
    await cutover.prepare();
    const { problems } = await eventually(
      async () => {
        const status = await cutover.status();
        return status.problems.length > 0 && status;
      },
      'the failure being told',
      60_000,
    );
    expect(problems[0]).toContain(`${target.place} has failed to take what comes from ${source.place}`);
    expect(problems[0]).toContain(
      `its log says why, such as a full disk. It tries again by itself. ${source.place} is in charge.`,
    );
    await expect(cutover.switch()).rejects.toThrow('It still copies counter');
    await cutover.abort();
    expect(await cutover.status()).toMatchObject({ step: 'none', slots: [], problems: [] });
    await close();
  }, 120_000);

  it('fails a copy within the pause with one clear message; the source takes writes again', async () => {
    const moving = await Moving.between(await emptyDatabase(), full.adminUrl, 'copy');
    const tool = await moving.open();
    const { cutover, source, close } = tool;
    await large(tool);
    const replica = await moving.replica();
    const before = await said(source);
    await cutover.prepare();
    await expect(cutover.switch()).rejects.toThrow(
      new RegExp(
        `^The switch failed: could not extend file .*: File too large. ${source.place} is in charge; repeat the step.`,
        's',
      ),
    );
    await replica.execute(new RaiseCounter({ counter: 'after' }));
    expect(await said(source)).toBe(before + 1);
    await cutover.abort();
    await replica.stop();
    await close();
  }, 120_000);
});
