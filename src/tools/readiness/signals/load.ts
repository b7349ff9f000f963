import type { Node } from '../../../dev/forecast/trace-tree.js';
import { below, isConsumer, isProducer, isStatement, treeOf } from '../../../dev/forecast/trace-tree.js';
import type { KeptTrace } from '../../../dev/pages/trace-store.js';

/** What the spans of all traces say of a module. Milliseconds. */
export interface ModuleLoad {
  /** Of its spans, without what they waited for: databases, other spans. An estimate of processor time. */
  busyMs: number;
  /** Of its statements. */
  databaseMs: number;
  /** How many spans failed. */
  failed: number;
  /** Of messages that crossed into it, how many had their sender in the same trace. */
  seams: { all: number; whole: number };
}

const NOTHING: ModuleLoad = { busyMs: 0, databaseMs: 0, failed: 0, seams: { all: 0, whole: 0 } };

/** By module, and how many traces there are. */
export function loadsOf(traces: readonly KeptTrace[]): ReadonlyMap<string, ModuleLoad> {
  const loads = new Map<string, ModuleLoad>();
  for (const trace of traces)
    for (const root of treeOf(trace))
      for (const node of below(root)) {
        const load = structuredClone(loads.get(node.module) ?? NOTHING);
        loads.set(node.module, withNode(load, node));
      }
  return loads;
}

function withNode(load: ModuleLoad, node: Node): ModuleLoad {
  if (node.span.failed !== undefined) load.failed += 1;
  if (isStatement(node)) load.databaseMs += node.span.ms;
  // A request waits for its answer, and a message for its commit: neither is work.
  else if (!isProducer(node) && node.span.attributes['http.route'] === undefined) load.busyMs += ownTime(node);
  if (isConsumer(node)) {
    load.seams.all += 1;
    if (node.parent) load.seams.whole += 1;
  }
  return load;
}

/** Of a span, what none of the spans below it covers. */
function ownTime({ span, end, children }: Node): number {
  let covered = 0;
  let at = span.start;
  for (const child of children.filter((each) => !isProducer(each)).sort((a, b) => a.span.start - b.span.start)) {
    const from = Math.max(at, child.span.start);
    const to = Math.min(end, child.end);
    if (to > from) covered += to - from;
    at = Math.max(at, to);
  }
  return Math.max(0, span.ms - covered);
}
