import { contextOptions } from '../../../../src/platform/bounded-context.js';
import { Side } from '../../../../src/tools/cutover/side.js';
import { Cutover } from '../../../../src/tools/cutover/steps.js';
import { MakingModule } from '../making.js';
import { TakingModule } from '../taking.js';

/** The two databases between which a module of the evidence moves, by their administrators and by the logins of the module. */
export interface Way {
  module: 'making' | 'taking';
  admins: readonly [string, string];
  logins: readonly [string, string];
}

export type StepName = 'prepare' | 'switch' | 'back' | 'finish' | 'abort';

/** What a tool in a process of its own says: that it begins, then what came of it. */
export type Told =
  'begun' | { result: string | { pauseMs: number; report: string }; peakBytes: number } | { failure: string };

/** Runs `work` with connections of its own to both databases, as one run of the tool does. */
export async function moving<T>({ module, admins, logins }: Way, work: (cutover: Cutover) => Promise<T>): Promise<T> {
  const { migrations = [] } = contextOptions(module === 'making' ? MakingModule : TakingModule)!;
  const sides: Side[] = [];
  try {
    for (const n of [0, 1] as const) sides.push(await Side.open(module, admins[n], logins[n]));
    const [source, target] = sides as [Side, Side];
    return await work(new Cutover(source, target, migrations));
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

async function answer({ way, step }: { way: Way; step: StepName }): Promise<void> {
  const tell = (told: Told) => process.send!(told);
  try {
    const result = await moving(way, (cutover) => (tell('begun'), cutover[step]() as Promise<string>));
    tell({ result, peakBytes: process.resourceUsage().maxRSS * 1024 });
  } catch (error) {
    tell({ failure: (error as Error).message });
  }
  process.disconnect();
}

process.on('message', (request: { way: Way; step: StepName }) => void answer(request));
