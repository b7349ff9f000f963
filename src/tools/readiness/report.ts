import type { Type } from '@nestjs/common';
import { readRehearsals } from '../rehearse/record.js';
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

/** Everything that is known, of all modules. */
export interface Readiness {
  /** `since 2026-01-01`, or `ever`. */
  period: string;
  modules: readonly ModuleReport[];
  /** Absent without git. */
  histories: ReadonlyMap<string, ModuleHistory>;
  project: Project;
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
  /** Milliseconds since the epoch. */
  now: number;
}

/** Gathers what is known. What is missing is a fact of its own, and keeps nothing else from being told. */
export async function readReadiness(options: ReadinessOptions): Promise<Readiness> {
  const { root, types, since, now, schemas = new Map<string, SchemaFacts>() } = options;
  const project = await readProject(root, types);
  const names = project.modules.map(({ module }) => module);
  const period = since === undefined ? 'ever' : `since ${since}`;
  const history = await historyOf(root, names, since);
  const rehearsals = readRehearsals(root);
  const modules = project.modules.map((code): ModuleReport => {
    const { module, summary, owner } = code;
    const own = history.histories.get(module);
    const facts = [
      ...careFacts(project, code),
      ...seamFacts(project, code),
      ...dataFacts(project, code, schemas.get(module)),
      rehearsalFact(module, rehearsals.get(module), now),
      ...history.missing,
      ...(own ? historyFacts(own, period) : []),
    ];
    return { module, summary, owner, facts };
  });
  return { period, modules, histories: history.histories, project };
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
