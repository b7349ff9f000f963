import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../src/platform/testing/index.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt } from '../support/host-process.js';
import type { Bench, Row } from './harness.js';
import { inTurns, Series, times } from './harness.js';
import { Place, withServer } from './server.js';

const TARGET = 1.5;

let measuredWith = 'PostgreSQL';
export const versions = (): string[] => [measuredWith];

/** What five modules cost before the first request is answered, on a database that is there and migrated. */
export async function start(bench: Bench): Promise<Row[]> {
  return await withServer(async (version) => {
    measuredWith = `PostgreSQL ${version}`;
    const DATA_DIR = await mkdtemp(join(tmpdir(), 'bench-start-'));
    const places = [await Place.make(), await Place.make()] as const;
    const env = { DATA_DIR, RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
    const ours = () => firstAnswer('main.js', '/v1/catalog/products', { ...env, DATABASE_URL: places[0].url });
    const bare = () => firstAnswer('../test/bench/start/bare.js', '/products', { DATABASE_URL: places[1].url });
    try {
      return await compare(bench, ours, bare);
    } finally {
      for (const place of places) await place.drop();
      await rm(DATA_DIR, { recursive: true });
    }
  });
}

interface Started {
  ms: number;
  megabytes: number;
}

async function compare(bench: Bench, ours: () => Promise<Started>, bare: () => Promise<Started>): Promise<Row[]> {
  // The first start of each makes its tables.
  await ours();
  await bare();
  const memory = { ours: [] as number[], bare: [] as number[] };
  const measured = (side: 'ours' | 'bare', begin: () => Promise<Started>) => async () => {
    const { ms, megabytes } = await begin();
    memory[side].push(megabytes);
    return ms;
  };
  const time = await inTurns(bench, { ours: measured('ours', ours), bare: measured('bare', bare) });
  const space = new Series(new Map(Object.entries(memory)));
  return [
    row('Start: from the process to the first answered request, five modules against one table', time, 'ms'),
    row('Memory after the first request', space, 'MB'),
  ];
}

function row(benchmark: string, series: Series, unit: string): Row {
  const ratio = series.ratio('ours', 'bare');
  const [ours, bare] = [series.of('ours'), series.of('bare')].map(Math.round);
  return {
    benchmark: `${benchmark}, against a bare Nest + TypeORM application`,
    target: `≤ ${TARGET} ×`,
    measured: `${times(ratio)} (${ours} ${unit} against ${bare} ${unit})`,
    reached: ratio <= TARGET,
  };
}

async function firstAnswer(file: string, path: string, env: HostEnv): Promise<Started> {
  const [port] = await freePorts(1);
  const began = performance.now();
  const running = runBuilt(file, [], { ...env, PORT: String(port) });
  try {
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}${path}`)).ok, `${file} answering`, 60_000);
    return { ms: performance.now() - began, megabytes: await residentMegabytes(running.pid) };
  } finally {
    running.kill('SIGTERM');
    await running.stopped;
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1024;
}
