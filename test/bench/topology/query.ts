import { pino } from 'pino';
import { Pool } from 'undici';
import { eventually } from '../../../src/platform/testing/index.js';
import { childContext, runInScope } from '../../../src/platform/messaging/context.js';
import { Runtime } from '../../../src/platform/runtime.js';
import { SeamClient } from '../../../src/platform/transport/seam-client.js';
import { runBuilt } from '../../support/host-process.js';
import type { Bench, Row } from '../harness.js';
import { inTurns, quantile, times } from '../harness.js';
import { Ask, Callee, PAYLOAD, SECRET } from './callee.js';

const WARM = 2000;
const CALLS = 3000;
const TARGET = 1.5;

type Call = () => Promise<unknown>;

/** A query to a module in another process, against undici and a bare Fastify route: one after the other, p50. */
export async function remoteQuery(bench: Bench): Promise<Row[]> {
  const [seam, bare] = await Promise.all([far('far-seam.js'), far('far-bare.js')]);
  const client = new SeamClient({ module: 'callee', url: seam }, { sender: 'bench', secret: SECRET });
  const log = pino({ level: 'warn' });
  const runtime = new Runtime({ modules: [Callee], remotes: [client], urls: new Map(), poolSize: 1, env: {}, log });
  const pool = new Pool(bare);
  const ask: Call = () => runtime.dispatcher.ask(new Ask(PAYLOAD));
  const inRequest = (call: Call, calls: number) =>
    runInScope(childContext('POST /', 'bench', { deadline: Date.now() + 600_000 }), undefined, () => p50(call, calls));
  const direct: Call = async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await pool.request({ method: 'POST', path: '/ask', headers, body: JSON.stringify(PAYLOAD) });
    return await answer.body.json();
  };
  await inRequest(ask, WARM);
  if (bench.alone) return [];
  await p50(direct, WARM);
  const series = await inTurns(bench, { seam: () => inRequest(ask, CALLS), bare: () => p50(direct, CALLS) });
  await Promise.all([runtime.stop(), pool.close()]);
  const ratio = series.ratio('seam', 'bare');
  const figures = ['seam', 'bare'].map((side) => `${series.of(side).toFixed(3)} ms`);
  return [
    {
      benchmark: 'Remote query over the seam, against undici and a bare Fastify route: p50',
      target: `≤ ${TARGET} ×`,
      measured: `${times(ratio)} (${figures.join(' against ')})`,
      reached: ratio <= TARGET,
    },
  ];
}

/** @returns the address of another process */
async function far(file: string): Promise<string> {
  const running = runBuilt(`../test/bench/topology/${file}`, [], {});
  return await eventually(() => running.output().trim() || undefined, file, 30_000);
}

/** @returns milliseconds */
async function p50(call: Call, calls: number): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < calls; n++) {
    const began = performance.now();
    await call();
    took.push(performance.now() - began);
  }
  return quantile(took, 0.5);
}
