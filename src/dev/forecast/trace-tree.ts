import { SpanKind } from '@opentelemetry/api';
import type { KeptSpan, KeptTrace } from '../pages/trace-store.js';

/** A span and those below it, with the module it belongs to. */
export interface Node {
  span: KeptSpan;
  module: string;
  parent: Node | undefined;
  children: Node[];
  end: number;
}

const GROUP = 'messaging.consumer.group.name';

/** The spans of a trace that have no parent in it. One that says no module has that of its parent. */
export function treeOf({ spans }: KeptTrace): Node[] {
  const nodes = new Map(
    spans.map((span): [string, Node] => [
      span.spanId,
      { span, module: '', parent: undefined, children: [], end: span.start + span.ms },
    ]),
  );
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    node.parent = node.span.parentId === undefined ? undefined : nodes.get(node.span.parentId);
    (node.parent?.children ?? roots).push(node);
  }
  for (const root of roots) name(root);
  return roots;
}

function name(node: Node): void {
  const own = node.span.attributes['liftout.module'];
  node.module = typeof own === 'string' ? own : (node.parent?.module ?? '');
  for (const child of node.children) name(child);
}

/** Every node from one down, itself first. */
export function* below(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) yield* below(child);
}

export const isConsumer = ({ span }: Node) => span.kind === SpanKind.CONSUMER;
export const isProducer = ({ span }: Node) => span.kind === SpanKind.PRODUCER;
export const isStatement = ({ span }: Node) => span.attributes['db.system.name'] !== undefined;
/** The consumer that handled a message: `letters.posting`. */
export const groupOf = ({ span }: Node) => span.attributes[GROUP] as string | undefined;

/** `POST /v1/letters`; undefined for what is no request of a client. */
export function routeOf({ span, parent }: Node): string | undefined {
  const route = span.attributes['http.route'];
  if (span.kind !== SpanKind.SERVER || typeof route !== 'string' || parent) return undefined;
  return `${String(span.attributes['http.request.method'] ?? span.name.split(' ')[0])} ${route}`;
}

/** One message from a module to another. */
export interface SeamUse {
  kind: 'ask' | 'message';
  from: string;
  to: string;
  message: string;
}

/** What a span is over a seam: a question that is answered here, or a stored message that is handled here. */
export function seamUseOf(node: Node): SeamUse | undefined {
  const { span, module, parent } = node;
  if (!parent || module === '') return undefined;
  const kind = isConsumer(node) ? 'message' : span.attributes['liftout.kind'] === undefined ? undefined : 'ask';
  // A durable command is handled below the span of its consumer, in the same module.
  if (!kind || parent.module === '' || parent.module === module) return undefined;
  const message = span.attributes['liftout.message'] ?? span.name.replace('process ', '');
  return { kind, from: parent.module, to: module, message: String(message) };
}
