import type { Edge } from '../references/edges.js';
import { components, graphOf, shortestWay } from '../references/graph.js';
import type { Violation } from '../violation.js';
import { moduleOf, violation } from '../violation.js';

/**
 * Files that need each other to be understood. Types of the same module do not tie: nothing of them is left when the files
 * run, and the module is understood as a whole.
 */
export function fileCycles(edges: readonly Edge[]): Violation[] {
  const tying = edges.filter((edge) => !edge.typeOnly || !isWithinModule(edge));
  const graph = graphOf(tying.map(({ from, to }) => [from, to]));
  const component = components(graph);
  const onCycle = tying.filter(({ from, to }) => component.get(from) === component.get(to));
  return onCycle.flatMap((edge) => reported(edge, shortestWay(graph, edge.to, edge.from)!));
}

function isWithinModule({ from, to }: Edge): boolean {
  return moduleOf(from) !== undefined && moduleOf(from) === moduleOf(to);
}

function reported({ from, to, lines }: Edge, way: readonly string[]): Violation[] {
  const message = `It imports ${to}, which leads back here: ${way.join(' → ')}. These files need each other to be understood. Move what both need to a third one.`;
  return lines.map((line) => violation({ file: from, line, rule: 'no-file-cycle', target: to, message }));
}
