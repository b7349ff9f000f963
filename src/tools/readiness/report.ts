import type { Type } from '@nestjs/common';
import type { KeptTrace } from '../../dev/pages/trace-store.js';
import type { TraceReading } from '../../dev/forecast/critical-path.js';
import { readTrace } from '../../dev/forecast/critical-path.js';
import type { SeamCost } from '../../dev/forecast/price.js';
import { readSeamCost } from '../../dev/forecast/price.js';
import type { Rehearsal } from '../rehearse/record.js';
import { readRehearsals } from '../rehearse/record.js';
import { costFacts } from './cost.js';
import type { Fact, ModuleReport } from './fact.js';
import type { ModuleHistory } from './history/changes.js';
import { historiesOf } from './history/changes.js';
import { historyFacts } from './history/facts.js';
import { NoHistory, readHistory } from './history/git.js';
import type { Project } from './project.js';
import { readProject } from './project.js';
import { careFacts } from './ready/care.js';
import { dataFacts } from './ready/data.js';
import { rehearsalFact } from './ready/rehearsal.js';
import { unknown } from './ready/say.js';
import { seamFacts } from './ready/seams.js';
import type { SchemaFacts } from './ready/schema.js';
import { metricFacts, traceFacts } from './signals/facts.js';
import type { Measured } from './signals/metrics.js';

/** Everything that is known, of all modules. */
export interface Readiness {
  /** `since 2026-01-01`, or `ever`. */
  period: string;
  modules: readonly ModuleReport[];
  /** Absent without git. */
  histories: ReadonlyMap<string, ModuleHistory>;
  project: Project;
  /** What the traces say, where there are any. */
  readings: readonly TraceReading[] | undefined;
  /** What a seam costs, where it was measured. */
  cost: SeamCost | undefined;
}

interface ReadinessOptions {
  /** The project's folder. */
  root: string;
  /** Every module class. */
  types: readonly Type[];
  /** `YYYY-MM-DD`; all of the history by default. */
  since?: string | undefined;
  /** What databases know, where one was looked at. */
  schemas?: ReadonlyMap<string, SchemaFacts>;
  /** Recorded traces, and where they come from. */
  traces?: { from: string; traces: readonly KeptTrace[] } | undefined;
  metrics?: Measured | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** What changes with the sources and with git only. */
export interface Basis {
  period: string;
  project: Project;
  rehearsals: ReadonlyMap<string, Rehearsal>;
  history: { histories: ReadonlyMap<string, ModuleHistory>; missing: readonly Fact[] };
  cost: SeamCost | undefined;
}

/** Gathers what is known. What is missing is a fact of its own, and keeps nothing else from being told. */
export async function readReadiness(options: ReadinessOptions): Promise<Readiness> {
  return readinessOf(await readBasis(options), options);
}

export async function readBasis({ root, types, since }: ReadinessOptions): Promise<Basis> {
  const project = await readProject(root, types);
  const names = project.modules.map(({ module }) => module);
  const history = await historyOf(root, names, since);
  const period = since === undefined ? 'ever' : `since ${since}`;
  return { period, project, history, rehearsals: readRehearsals(root), cost: readSeamCost(root) };
}

export function readinessOf(
  { period, project, rehearsals, history, cost }: Basis,
  { traces, metrics, now, schemas }: Omit<ReadinessOptions, 'root' | 'types' | 'since'>,
): Readiness {
  const names = project.modules.map(({ module }) => module);
  const readings = traces?.traces.map(readTrace);
  const [ofTraces, ofMetrics] = [traceFacts(traces?.traces, traces?.from), metricFacts(metrics)];
  const modules = project.modules.map((code): ModuleReport => {
    const { module, summary, owner } = code;
    const own = history.histories.get(module);
    const facts = [
      ...careFacts(project, code),
      ...seamFacts(project, code),
      ...dataFacts(project, code, schemas?.get(module)),
      rehearsalFact(module, rehearsals.get(module), now),
      ...history.missing,
      ...(own ? historyFacts(own, period) : []),
      ...ofTraces(code),
      ...ofMetrics(code),
      ...costFacts(module, { modules: names, readings, cost }),
    ];
    return { module, summary, owner, facts };
  });
  return { period, modules, histories: history.histories, project, readings, cost };
}

async function historyOf(root: string, modules: readonly string[], since: string | undefined) {
  try {
    const history = await readHistory(root, since);
    const histories = new Map(historiesOf(history, modules).map((each) => [each.module, each]));
    const shallow = unknown(
      'changes',
      'This clone has a part of the history only.',
      'git fetch --unshallow',
      'justified',
    );
    return { histories, missing: history.shallow ? [shallow] : [] };
  } catch (error) {
    if (!(error instanceof NoHistory)) throw error;
    const text = `There is no history to read: ${error.message}`;
    const missing: Fact[] = [unknown('changes', text, 'Run it in a clone of the repository.', 'justified')];
    return { histories: new Map<string, ModuleHistory>(), missing };
  }
}
