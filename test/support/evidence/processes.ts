import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Events } from '../../../src/tools/rehearse/brokers.js';
import { writePart } from './parts.js';
import { circumstances, table } from './report.js';
import { JEST } from '../../../src/tools/test/jest.js';

export const PROCESSES = 'orders between processes';
export const OVER_KAFKA = 'orders over Kafka';
/** The spec that places them. */
export const CRASHES = 'test/topology/crash.tier2.spec';
const ORDERS = 500;

/** As `test/topology/crash.tier2.spec.ts` reports it. */
interface Report {
  events: Events;
  module: string;
  seed: number;
  orders: number;
  kills: number;
  brokerKills: number;
  confirmed: number;
  seconds: number;
}

interface Options {
  seed: number;
  /** Of the module that calls the outside; of each other one a run. */
  runs: number;
  postgres: string;
  say(line: string): void;
}

/** Where the orders go through Kafka they have a part of the page for themselves. */
const WAYS = {
  [PROCESSES]: { part: 'processes', heading: 'Orders between processes, which are killed', events: ['feed', 'nats'] },
  [OVER_KAFKA]: { part: 'kafka', heading: 'Orders over Kafka, which is killed', events: ['kafka'] },
} as const;

/** Orders under load while a module's process, and the broker, are killed. @returns whether all was as it has to be */
export async function orderBetweenProcesses(
  title: keyof typeof WAYS,
  { seed, runs, postgres, say }: Options,
): Promise<boolean> {
  const way = WAYS[title];
  const begun = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'liftout-processes-'));
  const file = join(folder, 'report.jsonl');
  const planned = plan(way.events, seed, runs);
  let failed = 0;
  for (const run of planned) {
    const passed = await pass(run, file);
    if (!passed) failed++;
    say(`${passed ? '✓' : '✗'} ${title}: ${run.module} outside, ${run.events}, seed ${run.seed}`);
  }
  const text = await readFile(file, 'utf8').catch(() => '');
  await rm(folder, { recursive: true });
  const reports = text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Report] : []));
  const minutes = Math.round((Date.now() - begun) / 60_000);
  await writePart(way.part, part(way.heading, reports, failed, circumstances({ seed, minutes, postgres })));
  return failed === 0;
}

type Run = Pick<Report, 'events' | 'module' | 'seed'>;

function plan(ways: readonly Events[], seed: number, runs: number): Run[] {
  const others = ['catalog', 'inventory', 'ordering', 'storefront'].map((module) => ({ module, seed }));
  const payments = Array.from({ length: runs }, (_, n) => ({ module: 'payments', seed: seed + n }));
  return ways.flatMap((events) => [...payments, ...others].map((run) => ({ events, ...run })));
}

async function pass({ events, module, seed }: Run, file: string): Promise<boolean> {
  const wishes = { TOPOLOGY_EVENTS: events, TOPOLOGY_MODULE: module, TOPOLOGY_SEED: String(seed) };
  const env = { ...process.env, ...wishes, TOPOLOGY_ORDERS: String(ORDERS), TOPOLOGY_REPORT: file };
  const child = spawn(process.execPath, [...JEST, CRASHES], { env, stdio: 'inherit' });
  return (await new Promise<number | null>((resolve) => child.once('exit', resolve))) === 0;
}

const kindOf = ({ module, events }: Report) => `${module}, ${events}`;

function part(heading: string, reports: readonly Report[], failed: number, where: string): string {
  const kinds = [...new Set(reports.map(kindOf))];
  const rows = kinds.map((kind) => {
    const runs = reports.filter((each) => kindOf(each) === kind);
    const total = (of: keyof Report) => runs.reduce((all, run) => all + Number(run[of]), 0);
    const { module, events } = runs[0]!;
    const seeds = runs.map((run) => run.seed).join(', ');
    const broker = events === 'feed' ? '–' : String(total('brokerKills'));
    const counted = [String(runs.length), String(total('orders')), String(total('kills')), broker];
    return [module, events, ...counted, String(total('confirmed')), '0', '0', '0', seeds];
  });
  const flaws = ['lost', 'doubled', 'not final'];
  const head = ['killed', 'events', 'runs', 'orders', 'kills', 'broker kills', 'confirmed', ...flaws, 'seeds'];
  return `## ${heading}

Sixteen buyers place ${ORDERS} orders at the front door, one in six declined, one flaky, one of unknown outcome, while the process of one
module, and half the time the broker with it, gets SIGKILL at random moments and is started again (\`test/topology/crash.tier2.spec.ts\`). A
run counts when every order that was taken is there once and final, the stock adds up to the piece, and the provider's ledger says
that each confirmed order was charged once and no other keeps a charge.

${where} ${failed === 0 ? 'Every run did.' : `**${failed} runs did not, and are not in the table.**`}

${table(head, rows)}`;
}
