import { modules } from '../../../src/modules.js';
import { contextOptions } from '../../../src/platform/bounded-context.js';
import type { Stage } from '../../../src/tools/rehearse/stages.js';
import { EVENTS } from '../../../src/tools/rehearse/brokers.js';
import { outside, together } from '../../../src/tools/rehearse/stages.js';
import { writePart } from './parts.js';
import { circumstances, table } from './report.js';

export const TOPOLOGIES = 'acceptance on every topology';

interface Options {
  seed: number;
  postgres: string;
  say(line: string): void;
}

/** Runs the acceptance suite on every topology. @returns whether it is green on all of them */
export async function acceptanceEverywhere({ seed, postgres, say }: Options): Promise<boolean> {
  const begun = Date.now();
  const rows: string[][] = [];
  let failed = 0;
  for (const { title, run } of everywhere()) {
    const { passed, failures } = await run(new AbortController().signal);
    failed += failures.length;
    say(`${failures.length === 0 ? '✓' : '✗'} ${title}: ${passed} passed, ${failures.length} failed`);
    rows.push([title, String(passed), String(failures.length)]);
  }
  const minutes = Math.round((Date.now() - begun) / 60_000);
  await writePart('topologies', part(rows, circumstances({ seed, minutes, postgres, fsync: false })));
  return failed === 0;
}

function everywhere(): Stage[] {
  const all = modules.map((module) => contextOptions(module)!.name);
  const split = EVENTS.flatMap((events) => [...all, 'all'].map((module) => outside(module, { all, events })));
  return [together({ all, events: 'feed' }), ...split];
}

function part(rows: string[][], where: string): string {
  return `## The acceptance suite on every topology

The same suite, the same code of the modules; only the environment differs. \`npm run rehearse -- --all\` runs it as well with seams
that are slow and lossy, and with processes that are killed meanwhile.

${where}

${table(['topology', 'passed', 'failed'], rows)}`;
}
