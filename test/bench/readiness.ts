import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BoundedContext } from '../../src/platform/index.js';
import { readReadiness } from '../../src/tools/readiness/report.js';
import { writeSyntheticTree } from '../boundaries/synthetic-tree.js';
import { longHistory, plantHistory } from '../readiness/planted-history.js';
import type { Bench, Row } from './harness.js';
import { inTurns } from './harness.js';

const MODULES = 20;
const COMMITS = 10_000;
const FILES = 40;
const TARGET_S = 20;

/** How long everything takes that git and the sources tell, of a project that is neither small nor young. */
export async function readiness(bench: Bench): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'bench-readiness-'));
  try {
    const modules = Array.from({ length: MODULES }, (_, index) => `module-${index + 1}`);
    writeSyntheticTree(root, { modules, filesPerModule: FILES });
    plantHistory(root, longHistory(modules, COMMITS));
    const types = modules.map((name) => {
      class Synthetic {}
      BoundedContext({ name, contracts: {}, providers: [] })(Synthetic);
      return Synthetic;
    });
    const series = await inTurns(bench, {
      seconds: async () => {
        const began = performance.now();
        await readReadiness({ root, types, now: Date.now() });
        return (performance.now() - began) / 1000;
      },
    });
    const seconds = series.of('seconds');
    return [
      {
        benchmark: `Readiness of ${MODULES} modules × ${FILES} files after ${COMMITS.toLocaleString('en')} commits, from git and the sources`,
        target: `≤ ${TARGET_S} s`,
        measured: `${seconds.toFixed(1)} s`,
        reached: seconds <= TARGET_S,
      },
    ];
  } finally {
    rmSync(root, { recursive: true });
  }
}
