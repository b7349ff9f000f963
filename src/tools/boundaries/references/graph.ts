/** Nodes and where each leads to. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>;

export function graphOf(edges: Iterable<readonly [from: string, to: string]>): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    if (!graph.has(to)) graph.set(to, new Set());
    graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }
  return graph;
}

/** Everything that can be reached from some nodes, themselves included. */
export function reachable(graph: Graph, starts: Iterable<string>): Set<string> {
  const seen = new Set(starts);
  for (const node of seen) for (const next of graph.get(node) ?? []) seen.add(next);
  return seen;
}

/** Gives each node the number of its strongly connected component: nodes on a common cycle share it. Linear (Tarjan). */
export function components(graph: Graph): Map<string, number> {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const component = new Map<string, number>();
  const open: string[] = [];
  let count = 0;
  for (const start of graph.keys()) if (!order.has(start)) search(start);
  return component;

  /** With a stack of its own, for graphs deeper than the call stack. */
  function search(start: string): void {
    const path = [enter(start)];
    while (path.length > 0) {
      const { node, rest } = path.at(-1)!;
      const { value: next, done } = rest.next();
      if (done) leave(path.pop()!.node, path.at(-1)?.node);
      else if (!order.has(next)) path.push(enter(next));
      else if (!component.has(next)) low.set(node, Math.min(low.get(node)!, order.get(next)!));
    }
  }

  function enter(node: string) {
    low.set(node, order.size);
    order.set(node, order.size);
    open.push(node);
    return { node, rest: graph.get(node)!.values() };
  }

  function leave(node: string, parent: string | undefined): void {
    if (low.get(node) === order.get(node)) close(node);
    if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(node)!));
  }

  function close(first: string): void {
    let node: string;
    do component.set((node = open.pop()!), count);
    while (node !== first);
    count += 1;
  }
}

/** A shortest way, both ends included; undefined when there is none. */
export function shortestWay(graph: Graph, from: string, to: string): string[] | undefined {
  const before = new Map<string, string | undefined>([[from, undefined]]);
  for (const node of before.keys()) {
    if (node === to) return wayBack(before, to);
    for (const next of graph.get(node) ?? []) if (!before.has(next)) before.set(next, node);
  }
  return undefined;
}

function wayBack(before: ReadonlyMap<string, string | undefined>, to: string): string[] {
  const way: string[] = [];
  for (let node: string | undefined = to; node !== undefined; node = before.get(node)) way.unshift(node);
  return way;
}
