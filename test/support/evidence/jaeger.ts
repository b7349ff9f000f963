import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JEST } from '../../../src/tools/test/jest.js';
import type { Dependency } from '../jaeger.js';
import { findProgram, howToInstall } from '../programs.js';
import { writePart } from './parts.js';
import { circumstances, table } from './report.js';

export const JAEGER = 'jaeger';
/** The spec that asks it. */
export const READ_BACK = 'test/observability/jaeger.tier3.spec';

/** As that spec reports it. */
interface Report {
  title: string;
  processes: number;
  /** Of one order. */
  spans: number;
  services: string[];
  graph: Dependency[];
}

interface Options {
  seed: number;
  postgres: string;
  say(line: string): void;
}

/** Orders that are read back from a real Jaeger, which is built from its Go module. @returns whether all was as it has to be */
export async function readBackFromJaeger({ seed, postgres, say }: Options): Promise<boolean> {
  if (!findProgram('go')) {
    say(`✗ ${JAEGER}: not run, as there is no go. Install it: ${howToInstall('go')}.`);
    return false;
  }
  const begun = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'liftout-jaeger-'));
  const file = join(folder, 'report.jsonl');
  const env = { ...process.env, JAEGER_REPORT: file };
  const child = spawn(process.execPath, [...JEST, READ_BACK], { env, stdio: 'inherit' });
  const passed = (await new Promise<number | null>((ended) => child.once('exit', ended))) === 0;
  const text = await readFile(file, 'utf8').catch(() => '');
  await rm(folder, { recursive: true });
  const reports = text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Report] : []));
  say(`${passed ? '✓' : '✗'} ${JAEGER}: ${reports.length} topologies`);
  const minutes = Math.round((Date.now() - begun) / 60_000);
  if (passed) await writePart('jaeger', part(reports, circumstances({ seed, minutes, postgres })));
  return passed;
}

function part(reports: readonly Report[], where: string): string {
  const rows = reports.map(({ title, processes, spans, services, graph }) => [
    title,
    String(processes),
    String(spans),
    services.join(', '),
    graph
      .map(({ parent, child, callCount }) => `${parent} → ${child} ${callCount}`)
      .sort()
      .join(', '),
  ]);
  return `## Traces as Jaeger has them

A real Jaeger 1.76, which keeps traces in memory, is sent the spans of orders and asked by its query API (\`test/observability/jaeger.tier3.spec.ts\`): an
order is one trace, every span has its parent there, each module is a service, and the dependency graph is the module map; an
arrow back is the reply to a durable command. So it is when a process of an older version, which reports as one service, goes on with the order.

${where}

${table(['topology', 'processes', 'spans of one order', 'services', 'dependencies, and how often'], rows)}`;
}
