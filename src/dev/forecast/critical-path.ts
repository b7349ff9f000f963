import type { KeptTrace } from '../pages/trace-store.js';
import type { Node, SeamUse } from './trace-tree.js';
import { below, groupOf, isConsumer, isProducer, routeOf, seamUseOf, treeOf } from './trace-tree.js';

/** What somebody waited for, and which seams lay on the way to its end. */
export interface Journey {
  kind: 'route' | 'saga';
  /** `POST /v1/letters`, or `letters.posting`. */
  name: string;
  /** The module of the route or saga. */
  module: string;
  /** Milliseconds. */
  ms: number;
  /** What was waited for, one after the other: what ran beside something longer is not in it. */
  seams: readonly SeamUse[];
}

export interface TraceReading {
  journeys: readonly Journey[];
  /** Every message over a seam, waited for or not. */
  uses: readonly SeamUse[];
}

/** Clocks of spans are whole milliseconds in places. */
const TICK_MS = 1;

/** Reads a trace of the application: its request, its sagas, and the seams that both have waited for. */
export function readTrace(trace: KeptTrace): TraceReading {
  const roots = treeOf(trace);
  const nodes = roots.flatMap((root) => [...below(root)]);
  const uses = nodes.flatMap((node) => seamUseOf(node) ?? []);
  return { journeys: [...roots.flatMap((root) => requestOf(root) ?? []), ...sagasOf(nodes)], uses };
}

function requestOf(root: Node): Journey | undefined {
  const name = routeOf(root);
  if (name === undefined) return undefined;
  return { kind: 'route', name, module: root.module, ms: root.span.ms, seams: waitedFor(root, root.end) };
}

/**
 * Goes back from an end: what ended last was waited for, then what ended last before that began, and so on. A pause in a
 * request in which nothing of it ran was a wait for its own module, whose latest handler of a message ended it.
 */
function waitedFor(node: Node, until: number): SeamUse[] {
  const found: SeamUse[] = [];
  let at = until;
  for (;;) {
    const child = latest(
      node.children.filter((each) => !isProducer(each) && !isConsumer(each)),
      at,
    );
    const waker = node.parent ? undefined : wakerOf(node, at, child ? Math.min(child.end, at) : node.span.start);
    if (waker) {
      const { seams, since } = backFrom(waker, waker.end, node);
      found.push(...seams);
      at = Math.min(at - TICK_MS, since);
      continue;
    }
    if (!child) return found;
    found.push(...ofNode(child, Math.min(child.end, at)));
    at = child.span.start;
  }
}

function ofNode(node: Node, until: number): SeamUse[] {
  const own = seamUseOf(node);
  return [...(own ? [own] : []), ...waitedFor(node, until)];
}

/** Among those that had begun before a moment, the one that went on longest, as far as that moment. */
function latest(nodes: readonly Node[], before: number): Node | undefined {
  return nodes
    .filter(({ span }) => span.start < before)
    .reduce<Node | undefined>(
      (best, each) => (best && Math.min(best.end, before) >= Math.min(each.end, before) ? best : each),
      undefined,
    );
}

/** The handler of a message in the request's own module that ended in its pause, the latest one. */
function wakerOf(root: Node, before: number, after: number): Node | undefined {
  const own = [...below(root)].filter((node) => isConsumer(node) && node.module === root.module);
  const found = own.filter(({ end }) => end <= before + TICK_MS && end > after + TICK_MS);
  return latest(found, before + TICK_MS);
}

/** From the end of a handler back over the messages that led to it, to where `until` sent the first of them. */
function backFrom(consumer: Node, end: number, until: Node): { seams: SeamUse[]; since: number } {
  const seams = ofNode(consumer, end);
  const send = consumer.parent;
  if (!send) return { seams, since: consumer.span.start };
  const before = above(send, until);
  if (!before) return { seams, since: send.end };
  const rest = backFrom(before, send.end, until);
  return { seams: [...seams, ...rest.seams], since: rest.since };
}

/** The handler in which a message was sent; undefined where `until` itself sent it. */
function above(send: Node, until: Node): Node | undefined {
  for (let at = send.parent; at && at !== until; at = at.parent) if (isConsumer(at)) return at;
  return undefined;
}

/** A saga is a consumer that hears answers. Its journey is from the event that began it to the last that it decided on. */
function sagasOf(nodes: readonly Node[]): Journey[] {
  const steps = nodes.filter((node) => isConsumer(node) && groupOf(node) !== undefined);
  const names = new Set(steps.filter(({ span }) => span.name.endsWith('.reply')).map((node) => groupOf(node)!));
  return [...names].flatMap((name) => {
    const own = steps.filter((node) => groupOf(node) === name).sort((a, b) => a.span.start - b.span.start);
    const [first, last] = [own[0]!, own.at(-1)!];
    if (first === last) return [];
    const { seams } = backFrom(last, last.end, first);
    return [{ kind: 'saga' as const, name, module: first.module, ms: last.end - first.span.start, seams }];
  });
}
