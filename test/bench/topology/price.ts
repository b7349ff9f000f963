import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { cpus } from 'node:os';
import { pino } from 'pino';
import { Pool } from 'undici';
import { childContext, runInScope } from '../../../src/platform/messaging/context/context.js';
import type { SeamCost } from '../../../src/dev/forecast/price.js';
import { SEAM_COST } from '../../../src/dev/forecast/price.js';
import { UnitOfWork } from '../../../src/platform/transaction/unit-of-work.js';
import { Runtime } from '../../../src/platform/runtime/runtime.js';
import { eventually, testDatabase } from '../../../src/platform/testing/index.js';
import { openDoors } from '../../../src/platform/transport/fixtures/doors.js';
import { SeamClient } from '../../../src/platform/transport/seam/seam-client.js';
import { freePorts } from '../../../src/tools/rehearse/split.js';
import { runBuilt } from '../../support/host-process.js';
import { startPart } from '../../support/parts.js';
import { startReplica } from '../../support/replica.js';
import type { Bench, Row } from '../harness.js';
import { quantile } from '../harness.js';
import { Ask, Callee, SECRET } from './callee.js';
import { timesOf } from './calls.js';
import { Called, Caller, Echo, waiting } from './echo.js';
import { PAYLOAD } from './payload.js';

const WARM = 200;
const CALLS = 300;
const PAUSE_MS = 8;

type Price = SeamCost['ask'];

/** What one message more between two processes costs, against the same within one: kept for `npm run readiness`. */
export async function seamPrice(bench: Bench): Promise<Row[]> {
  const cost = await measureSeamCost(bench);
  if (bench.turns > 1) await writeFile(SEAM_COST, `${JSON.stringify(cost, null, 2)}\n`);
  const row = (what: string, { p50, p95, bytes }: Price) => ({
    benchmark: `The price of a seam between two processes: ${what}`,
    target: 'published',
    measured: `p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)} ms, ${Math.round(bytes)} bytes`,
  });
  return [
    row('a question', cost.ask),
    row('a stored message', cost.message),
    row('a request that the front door hands on', cost.forward),
  ];
}

/** Asked now and then, as in a request of a client, and not at full speed. */
export async function measureSeamCost({ say }: Pick<Bench, 'say'>): Promise<SeamCost> {
  const ask = await askPrice();
  say(`  a question: ${ask.p50.toFixed(2)} ms`);
  const forward = await forwardPrice();
  say(`  a request that is handed on: ${forward.p50.toFixed(2)} ms`);
  const { price: message, processMb } = await messagePrice();
  say(`  a stored message: ${message.p50.toFixed(2)} ms`);
  const cores = cpus();
  const machine = `${cores.length} × ${cores[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
  return { at: new Date().toISOString(), machine, ask, message, forward, processMb };
}

async function askPrice(): Promise<Price> {
  const far = runBuilt('../test/bench/topology/far-seam.js', [], {});
  const url = await eventually(() => far.output().trim() || undefined, 'the far process', 30_000);
  const client = new SeamClient({ module: 'callee', url }, { sender: 'bench', secret: SECRET });
  const log = pino({ level: 'warn' });
  const runtime = new Runtime({ modules: [Callee], remotes: [client], urls: new Map(), poolSize: 1, env: {}, log });
  // Within a process the same takes some microseconds.
  const near = async () => undefined;
  const price = await inScope(() => difference(() => runtime.dispatcher.ask(new Ask(PAYLOAD)), near));
  far.kill('SIGKILL');
  await runtime.stop();
  return price;
}

const inScope = <T>(work: () => Promise<T>) =>
  runInScope(childContext('POST /', 'bench', { deadline: Date.now() + 600_000 }), undefined, work);

async function forwardPrice(): Promise<Price> {
  const { back, url, close } = await openDoors();
  await back.listen(0, '127.0.0.1');
  const pools = [new Pool(url), new Pool(await back.getUrl())] as const;
  const get = (pool: Pool) => async () =>
    void (await (await pool.request({ method: 'GET', path: '/v1/doors/who' })).body.text());
  try {
    return await difference(get(pools[0]), get(pools[1]), new URL(url).port);
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
    await close();
  }
}

async function messagePrice(): Promise<{ price: Price; processMb: number }> {
  const [there, here] = await Promise.all([testDatabase([Caller, Echo]), testDatabase([Caller, Echo])]);
  const ports = await freePorts(2);
  const urls = { caller: `http://127.0.0.1:${ports[0]}`, echo: `http://127.0.0.1:${ports[1]}` };
  const settings = JSON.stringify({ databases: [...there.urls], port: ports[1], urls });
  const far = runBuilt('../test/bench/topology/far-echo.js', [settings], {});
  const part = { database: there, modules: [Caller, Echo], here: Caller, port: ports[0]!, urls, events: FEED };
  const remote = await startPart(part);
  const local = await startReplica(here, [Caller, Echo]);
  const processMb = Number(await eventually(() => far.output().trim() || undefined, 'the far process', 30_000));
  try {
    const both = await difference(calling(remote.runtime), calling(local.runtime));
    const price = { p50: both.p50 / 2, p95: both.p95 / 2, bytes: both.bytes };
    return { price, processMb };
  } finally {
    far.kill('SIGKILL');
    await remote.stop();
    await local.stop();
    await Promise.all([there.drop(), here.drop()]);
  }
}

const FEED = { kind: 'feed' } as const;

/** Says something, and waits for the answer to it: two stored messages. */
const calling = (runtime: Runtime) => async () => {
  const id = randomUUID();
  const echoed = new Promise<void>((resolve) => waiting.set(id, resolve));
  const unit = new UnitOfWork('caller', runtime.database('caller').dataSource);
  unit.publish(new Called({ id, note: PAYLOAD.note }));
  await unit.commit();
  runtime.watches.get('caller')!.committed();
  await echoed;
  waiting.delete(id);
};

/**
 * The one against the other in turns: milliseconds more at the middle and at the tail, and bytes of the first.
 *
 * @param door a port to which clients speak, and not processes to each other
 */
async function difference(far: () => Promise<unknown>, near: () => Promise<unknown>, door?: string): Promise<Price> {
  const sockets: Socket[] = [];
  const note = (message: unknown) => {
    const { socket, connectParams } = message as { socket: Socket; connectParams: { port: string } };
    if (connectParams.port !== door) sockets.push(socket);
  };
  subscribe('undici:client:connected', note);
  for (const side of [far, near]) await timesOf(side, WARM);
  const carried = () => sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  const [slow, fast]: [number[], number[]] = [[], []];
  let bytes = 0;
  for (let turn = 0; turn < 5; turn++) {
    const begun = carried();
    slow.push(...(await timesOf(far, CALLS / 5, PAUSE_MS)));
    bytes += carried() - begun;
    fast.push(...(await timesOf(near, CALLS / 5, PAUSE_MS)));
  }
  unsubscribe('undici:client:connected', note);
  const more = (share: number) => Math.max(0, quantile(slow, share) - quantile(fast, share));
  return { p50: more(0.5), p95: Math.max(more(0.5), more(0.95)), bytes: bytes / CALLS };
}
