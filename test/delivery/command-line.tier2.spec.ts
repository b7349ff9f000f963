import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { moduleUrl } from '../../src/platform/connection/urls.js';
import { eventually } from '../../src/platform/testing/index.js';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt, startHost } from '../support/host-process.js';
import { Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';

/** One order's worth of a command that its saga waits for. */
const ORDER = 'b6b5f1a4-3f0e-4f43-9d0e-0c3c8a5d7f10';
const RELEASE = {
  seq: 900_001,
  producer: 'ordering',
  id: '0f7e9f6e-27ea-4d0c-9b57-3f4c6a1e2d11',
  aggregatetype: 'inventory.commands',
  aggregateid: ORDER,
  type: 'inventory.release-stock.v1',
  payload: { orderId: ORDER },
  headers: {
    correlationid: 'c',
    causationid: 'c',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    actor: { sub: 'alice', role: 'customer' },
    replyto: { module: 'ordering', saga: 'ordering.checkout', id: ORDER },
  },
  created_at: '2026-01-31T10:00:00.000Z',
};

const WHY = { reason: 'a test' };

describe('the command line and the routes for operations', () => {
  let env: HostEnv & { DATA_DIR: string; DATABASE_URL: string };
  let inventory: pg.Client;

  beforeAll(async () => {
    env = await ownEnv();
    await run('deliveries', 'lag');
    const connectionString = moduleUrl(env.DATABASE_URL, 'inventory');
    inventory = new pg.Client({ connectionString, options: '-c search_path=inventory' });
    await inventory.connect();
  }, 60_000);
  afterAll(() => inventory.end());

  const run = async (tool: string, ...args: string[]) => {
    const { code, output, errors } = await runBuilt(`tools/${tool}.js`, args, env).stopped;
    return { code, output, errors };
  };
  const park = async (state: string, message: object = RELEASE) => {
    const { rows } = await inventory.query<{ id: string }>(
      `INSERT INTO parked_message (consumer, producer, seq, message_id, key, message, state, attempts, errors, due_at)
       VALUES ('inventory.commands', 'ordering', 900001, $1, $2, $3, $4, 3, $5, now() + interval '1 hour') RETURNING id`,
      [
        RELEASE.id,
        `ordering/${ORDER}`,
        message,
        state,
        JSON.stringify([{ attempt: 3, at: '2026', error: 'Error: no' }]),
      ],
    );
    return `inventory:${rows[0]!.id}`;
  };
  const parked = async () => Number((await inventory.query('SELECT count(*) FROM parked_message')).rows[0].count);

  it('work while nothing runs', async () => {
    const id = await park('waiting');
    const list = await run('deliveries', 'list');
    expect(list).toMatchObject({ code: 0, errors: '' });
    expect(list.output.split('\n')[1]).toMatch(
      new RegExp(
        `^${id} +inventory.commands +inventory.release-stock.v1 +ordering/${ORDER} +waiting +3 +\\d+d +in \\d+m +Error: no$`,
      ),
    );
    const show = await run('deliveries', 'show', id);
    expect(show.output).toContain(`payload    {"orderId":"${ORDER}"}`);
    expect(show.output).toContain('2026  attempt 3: Error: no');
    const discard = await run('deliveries', 'discard', id, '--reason', 'a test');
    expect(discard.code).toBe(0);
    expect(discard.output).toContain(`${id} is discarded.`);
    const { rows } = await inventory.query(`SELECT type, aggregatetype, aggregateid, payload FROM outbox`);
    expect(rows).toEqual([
      {
        type: 'inventory.release-stock.v1.reply',
        aggregatetype: 'ordering.replies',
        aggregateid: ORDER,
        payload: {
          ok: false,
          dead: true,
          error: expect.objectContaining({ code: 'given_up', message: 'discarded: a test' }),
        },
      },
    ]);
  }, 60_000);

  it.each<[string, string[], string | RegExp]>([
    [
      'deliveries',
      ['show', 'inventory:77'],
      'There is no undelivered message inventory:77: see the list for what there is.',
    ],
    [
      'deliveries',
      ['replay', 'inventory.commands', '--from', 'start', '--reason', 'a test'],
      /^inventory.commands is not declared rebuildable. /,
    ],
    ...[
      ['retry', 'inventory:77'],
      ['discard', '--type', 'x'],
      ['replay', 'storefront.products', '--from', 'start'],
      ['accept', 'storefront.products', '--at', '0'],
      ['forget', 'gone'],
    ].map((args): [string, string[], string] => [
      'deliveries',
      args,
      `${args[0]!} needs --reason TEXT: it is kept why something was done. See --help.`,
    ]),
    [
      'sagas',
      ['retry-timeout', '--all'],
      'retry-timeout needs --reason TEXT: it is kept why something was done. See --help.',
    ],
    ['schedules', ['pause', 'x:y'], 'pause needs --reason TEXT: it is kept why something was done. See --help.'],
    ['schedules', ['run', 'x:y', '--reason', 'a test'], 'There is no schedule x:y: see the list for what there is.'],
    ['sagas', ['show', ORDER], `There is no saga with the id ${ORDER}.`],
    ['sagas', ['retry-timeout', ORDER, '--reason', 'a test'], `There is no saga with the id ${ORDER}.`],
  ])('npm run %s -- %j is refused in one clear line', async (tool, args, message) => {
    const { code, errors, output } = await run(tool, ...args);
    expect({ code, output, lines: errors.trim().split('\n').length }).toEqual({ code: 2, output: '', lines: 1 });
    expect(errors.trim()).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  it('reach a running process at once, and are for staff only', async () => {
    const { url } = await startHost(env);
    const shop = new Shop(url, env.DATA_DIR);
    const staff = await shop.staff();
    const id = await park('dead');
    expect((await shop.anybody().get('/_ops/deliveries')).status).toBe(401);
    expect((await (await shop.customer()).get('/_ops/deliveries')).status).toBe(403);
    expect((await (await shop.customer()).post(`/_ops/deliveries/${id}/retry`, WHY)).status).toBe(403);
    expect((await staff.get('/_ops/deliveries')).expect(200)).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ id, state: 'dead' })]),
    });
    expect((await staff.get(`/_ops/deliveries/${id}`)).expect(200)).toMatchObject({
      id,
      message: { payload: { orderId: ORDER } },
    });
    expect((await staff.get<{ code: string }>('/_ops/deliveries/inventory:77')).expect(404)).toMatchObject({
      code: 'unknown_delivery',
    });
    const customer = await shop.customer();
    for (const path of [
      'deliveries/retry',
      'deliveries/discard',
      `deliveries/${id}/retry`,
      `deliveries/${id}/discard`,
    ]) {
      expect((await customer.post(`/_ops/${path}`, { ...WHY, type: 'x' })).status).toBe(403);
      expect((await staff.post(`/_ops/${path}`, {})).status).toBe(422);
    }
    expect((await customer.get('/_ops/actions')).status).toBe(403);
    expect((await staff.post('/_ops/deliveries/discard', WHY)).status).toBe(422);
    const { items: causes } = (await staff.get<{ items: { cause: string }[] }>('/_ops/deliveries/causes')).expect(200);
    expect(causes).toEqual([expect.objectContaining({ module: 'inventory', error: 'Error: no', count: 1 })]);
    expect((await run('deliveries', 'causes')).output).toContain(`${causes[0]!.cause}  1 `);
    const others = { ...WHY, cause: 'another' };
    expect((await staff.post('/_ops/deliveries/discard', others)).expect(200)).toEqual({ discarded: 0 });
    expect((await staff.post('/_ops/deliveries/retry', others)).expect(200)).toEqual({ retried: 0 });
    expect((await staff.get('/_ops/deliveries/lag')).expect(200)).toHaveProperty('items.0.consumer');
    expect((await staff.get('/_ops/sagas')).expect(200)).toEqual({ items: [] });
    const nightly = {
      module: 'inventory',
      name: 'nightly-stock-check',
      command: 'inventory.check-stock.v1',
      plan: 'cron 30 2 * * * Europe/Berlin',
      running: false,
    };
    expect((await staff.get('/_ops/schedules')).expect(200)).toMatchObject({ items: [nightly] });
    expect((await customer.get('/_ops/schedules')).status).toBe(403);
    const schedule = 'inventory:nightly-stock-check';
    for (const act of ['run', 'pause', 'resume']) {
      expect((await customer.post(`/_ops/schedules/${schedule}/${act}`, WHY)).status).toBe(403);
      expect((await staff.post(`/_ops/schedules/${schedule}/${act}`, {})).status).toBe(422);
    }
    (await staff.post(`/_ops/schedules/${schedule}/pause`, WHY)).expect(204);
    expect((await run('schedules', 'list')).output).toMatch(/^inventory:nightly-stock-check .+ +PAUSED +/m);
    expect(await run('schedules', 'resume', schedule, '--reason', 'a test')).toMatchObject({
      code: 0,
      output: `${schedule} runs by its plan again.\n`,
    });
    (await staff.post(`/_ops/schedules/${schedule}/run`, WHY)).expect(204);
    await eventually(async () => {
      const { items } = (await staff.get<{ items: { lastRun: string; running: boolean }[] }>('/_ops/schedules')).expect(
        200,
      );
      return items[0]!.lastRun !== null && !items[0]!.running;
    }, 'the run having ended');
    expect((await run('schedules', 'list')).output).toMatch(
      /^inventory:nightly-stock-check +cron 30 2 \* \* \* Europe\/Berlin +20\d\d-\S+ +\S+ +inventory\.check-stock\.v1/m,
    );
    expect((await staff.get<{ code: string }>(`/_ops/sagas/${ORDER}`)).expect(404)).toMatchObject({
      code: 'unknown_saga',
    });
    expect((await staff.post('/_ops/sagas/retry-timeout', WHY)).expect(200)).toEqual({ retried: 0 });
    expect((await staff.post<{ code: string }>(`/_ops/sagas/${ORDER}/retry-timeout`, WHY)).expect(404)).toMatchObject({
      code: 'unknown_saga',
    });
    expect((await (await shop.customer()).post('/_ops/sagas/retry-timeout', WHY)).status).toBe(403);
    expect(await run('deliveries', 'retry', id, '--reason', 'mended', '--by', 'alice')).toMatchObject({
      code: 0,
      output: `${id} is tried again now.\n`,
    });
    const { items: done } = (await staff.get<{ items: object[] }>('/_ops/actions')).expect(200);
    expect(done[0]).toMatchObject({ module: 'inventory', by: 'alice', action: 'retry', what: id, reason: 'mended' });
    expect((await run('deliveries', 'actions')).output).toMatch(new RegExp(`alice +retry +${id} +mended`));
    await eventually(async () => (await parked()) === 0, 'the running process having handled it', 5000);
    const replayed = await run('deliveries', 'replay', 'storefront.products', '--from', 'start', '--reason', 'a test');
    expect(replayed.output).toMatch(/^Replaying to storefront\.products: \d+ of catalog\.\n$/);
  }, 90_000);
});
