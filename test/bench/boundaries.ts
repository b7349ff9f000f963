import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { writeSyntheticTree } from '../boundaries/synthetic-tree.js';
import type { Bench, Row, Series } from './harness.js';
import { inTurns, times } from './harness.js';

const SIZES = [10, 50, 200];
const FILES = 40;
const TARGET = 1.5;
const CPU = new URL('./cpu.js', import.meta.url).href;
const RIVAL = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';

/** The gate against dependency-cruiser alone: the same clean trees, the same rules file, seconds of CPU. */
export async function boundaries(bench: Bench): Promise<Row[]> {
  const measured = new Map<number, Series>();
  for (const size of SIZES.filter((each) => bench.wants(String(each)))) measured.set(size, await measure(bench, size));
  const rows = [...measured].map(([size, series]) => against(size, series));
  return measured.has(50) && measured.has(200) ? [...rows, growth(measured.get(50)!, measured.get(200)!)] : rows;
}

async function measure(bench: Bench, size: number): Promise<Series> {
  const root = mkdtempSync(join(tmpdir(), 'bench-boundaries-'));
  try {
    const modules = Array.from({ length: size }, (_, index) => `module-${index + 1}`);
    writeSyntheticTree(root, { modules, filesPerModule: FILES });
    bench.say(`${size} modules:`);
    return await inTurns(bench, {
      gate: () => cpuOf([resolve('dist/src/tools/boundaries.js'), '--root', root], root),
      rival: () => cpuOf([resolve(RIVAL), '--config', resolve('.dependency-cruiser.js'), 'src', 'modules'], root),
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** @throws when the program finds anything: the trees are clean */
async function cpuOf(args: readonly string[], cwd: string): Promise<number> {
  const child = spawn(process.execPath, ['--import', CPU, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const [said, seconds, status] = await Promise.all([
    text(child.stdout!),
    text(child.stdio[3] as Readable),
    new Promise((ended) => child.on('close', ended)),
  ]);
  if (status !== 0) throw new Error(`${args[0]} ended with ${String(status)}: ${said}`);
  return Number(seconds);
}

function against(size: number, series: Series): Row {
  const ratio = series.ratio('gate', 'rival');
  return {
    benchmark: `Boundary gate, ${size} modules × ${FILES} files: CPU against dependency-cruiser alone`,
    target: `≤ ${TARGET} ×`,
    measured: `${times(ratio)} (${series.of('gate').toFixed(1)} s against ${series.of('rival').toFixed(1)} s)`,
    reached: ratio <= TARGET,
  };
}

/** Four times the modules: the share that is there once, whatever the size, makes it less than four times the time. */
function growth(small: Series, large: Series): Row {
  const ratio = large.of('gate') / small.of('gate');
  return {
    benchmark: 'Boundary gate, from 50 to 200 modules',
    target: 'linear: ≤ 4.4 × the CPU',
    measured: times(ratio),
    reached: ratio <= 4.4,
  };
}
