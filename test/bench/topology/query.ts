import { pino } from 'pino';
import { eventually } from '../../../src/platform/testing/index.js';
import { childContext, runInScope } from '../../../src/platform/messaging/context/context.js';
import { Runtime } from '../../../src/platform/runtime/runtime.js';
import { SeamClient } from '../../../src/platform/transport/seam/seam-client.js';
import { runBuilt } from '../../support/host-process.js';
import type { Bench, Row } from '../harness.js';
import { inTurns, times } from '../harness.js';
import { Ask, Callee, SECRET } from './callee.js';
import { CALLS, p50, WARM } from './calls.js';
import { PAYLOAD } from './payload.js';

const TARGET = 1.5;

/** A query to a module in another process, against undici and a bare Fastify route: one after the other, p50. */
export async function remoteQuery(bench: Bench): Promise<Row[]> {
  const [seam, bare] = await Promise.all([far('far-seam.js'), far('far-bare.js')]);
  const client = new SeamClient({ module: 'callee', url: seam }, { sender: 'bench', secret: SECRET });
  const log = pino({ level: 'warn' });
  const runtime = new Runtime({ modules: [Callee], remotes: [client], urls: new Map(), poolSize: 1, env: {}, log });
  const ask = () => runtime.dispatcher.ask(new Ask(PAYLOAD));
  const asked = (calls: number) =>
    runInScope(childContext('POST /', 'bench', { deadline: Date.now() + 600_000 }), undefined, () => p50(ask, calls));
  await asked(WARM);
  if (bench.alone) return [];
  const series = await inTurns(bench, { seam: () => asked(CALLS), bare: () => nearBare(bare) });
  await runtime.stop();
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
async function nearBare(url: string): Promise<number> {
  const { output, errors } = await runBuilt('../test/bench/topology/near-bare.js', [url], {}).stopped;
  if (!output) throw new Error(errors);
  return Number(output);
}
