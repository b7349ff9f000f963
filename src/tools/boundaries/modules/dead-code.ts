import type { Edge } from '../references/edges.js';
import { graphOf, reachable } from '../references/graph.js';
import type { Violation } from '../violation.js';
import { isSpec, violation } from '../violation.js';

/** Modules that are not part of the application, and files that no program leads to. */
export function deadCode(sources: readonly string[], modules: readonly string[], edges: readonly Edge[]): Violation[] {
  const dead = new Set(modules.filter((module) => !edges.some((edge) => isWired(edge, module))));
  const files = deadFiles(sources, edges).filter(
    (path) => !dead.has(path.split('/')[1]!) || !path.startsWith('modules/'),
  );
  return [...[...dead].map(deadModule), ...files.map(deadFile)];
}

function isWired({ from, to }: Edge, module: string): boolean {
  return from === 'src/modules.ts' && to === `modules/${module}/${module}.module.ts`;
}

function deadFiles(sources: readonly string[], edges: readonly Edge[]): string[] {
  const graph = graphOf(edges.filter(({ from }) => !isSpec(from)).map(({ from, to }) => [from, to]));
  const alive = reachable(graph, sources.filter(isEntry));
  return sources.filter((path) => isCode(path) && !alive.has(path) && !isSpec(path));
}

/** Declarations run nowhere: they describe what lies beside them, or a package. */
function isCode(path: string): boolean {
  return /^(?:src|modules)\//.test(path) && !/\.d\.[cm]?ts$/.test(path);
}

/** Programs, and the doors of the platform: they are there for whoever needs them. */
function isEntry(path: string): boolean {
  return /^src\/(?:[^/]+|tools\/[^/]+|platform\/(?:.+\/)?index)\.[cm]?[jt]s$/.test(path) || path.startsWith('test/');
}

function deadModule(module: string): Violation {
  const target = `modules/${module}/${module}.module.ts`;
  const message = `src/modules.ts does not import ${target}: this module is not part of the application. Add it there, or remove its folder.`;
  return violation({ file: 'src/modules.ts', line: 1, rule: 'dead-module', target, message });
}

function deadFile(path: string): Violation {
  const message =
    'No program leads to this file; specs alone do not count. Import it where it is needed, or remove it.';
  return violation({ file: path, line: 1, rule: 'dead-code', target: path, message });
}
