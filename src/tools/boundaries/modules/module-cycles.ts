import type { ModuleEdge } from '../references/edges.js';
import { isContracts } from '../references/edges.js';
import { components, graphOf, shortestWay } from '../references/graph.js';
import type { MessageKinds } from '../references/message-kinds.js';
import type { Violation } from '../violation.js';
import { violation } from '../violation.js';

/**
 * Cycles of modules that all ask each other. A cycle with an edge that only hears events is allowed: that module can be
 * started, tested and moved without the one that it hears.
 */
export function cycleViolations(edges: readonly ModuleEdge[], kinds: MessageKinds): Violation[] {
  const asking = edges.filter((edge) => !edge.spec && isContracts(edge.to) && kinds.asks(edge.to, edge.names));
  const graph = graphOf(asking.map(({ fromModule, toModule }) => [fromModule, toModule]));
  const component = components(graph);
  const onCycle = asking.filter(({ fromModule, toModule }) => component.get(fromModule) === component.get(toModule));
  const firsts = new Map(onCycle.toReversed().map((edge) => [`${edge.fromModule} ${edge.toModule}`, edge]));
  return [...firsts.values()].map(({ from, to, lines, fromModule, toModule }) => {
    const way = [fromModule, ...shortestWay(graph, toModule, fromModule)!].join(' → ');
    const message = `These modules cannot do without each other: ${way}. Let one of them hear events instead of asking with commands or queries, or make one module of them.`;
    return violation({ file: from, line: lines[0]!, rule: 'module-cycle', target: to, message });
  });
}
