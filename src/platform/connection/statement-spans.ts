import { SpanKind } from '@opentelemetry/api';
import type { ClientBase, Pool } from 'pg';
import { currentMessage } from '../messaging/context/context.js';
import { isSampled } from '../messaging/context/trace-context.js';
import { MODULE } from '../observability/seam-spans.js';
import type { SpanSpec } from '../observability/spans.js';
import { inSpan, isTracing } from '../observability/spans.js';

type Query = (config: unknown, ...rest: unknown[]) => unknown;
interface Traced {
  query: Query;
  /** The span of the transaction on this connection, and that of the handler that has begun it. */
  within?: { handler: string; transaction: string };
}

/** Longer statements are cut in spans. They hold no values: those are parameters. */
const MAX_TEXT_LENGTH = 1000;
const REMEMBERED = 500;
/** Said by the span of the transaction itself. */
const SILENT = /^(BEGIN|SAVEPOINT|RELEASE)/;

/**
 * Makes each statement of a pool or connection a span, where a message or request is being handled that is recorded. In
 * place of the stock instrumentation of `pg`: see docs/decisions/0010. Nothing is changed while tracing is off.
 */
export function traceStatements(target: Pool | ClientBase, module: string): void {
  if (!isTracing()) return;
  const traced = target as unknown as Traced;
  const query = traced.query.bind(target);
  traced.query = (config, ...rest) => {
    const handler = currentMessage()?.traceparent;
    // With a callback it is the pool's own use of its connection, or no promise to wait for.
    if (!handler || !isSampled(handler) || typeof rest.at(-1) === 'function') return query(config, ...rest);
    const statement = statementOf(config);
    if (statement === undefined || SILENT.test(statement.text)) return query(config, ...rest);
    const parent = traced.within?.handler === handler ? traced.within.transaction : handler;
    return inSpan(
      parent,
      () => specOf(statement, module),
      () => query(config, ...rest) as Promise<unknown>,
    );
  };
}

/** Puts what `handler` asks of this connection below the span of its transaction. */
export function statementsWithin(client: ClientBase, handler: string, transaction: string): void {
  (client as unknown as Traced).within = { handler, transaction };
}

interface Statement {
  text: string;
  /** Descriptive for platform statements, generated (`sql-7`) for module SQL. */
  name?: string;
}

function statementOf(config: unknown): Statement | undefined {
  if (typeof config === 'string') return { text: config };
  const { text, name } = config as Partial<Statement>;
  return typeof text === 'string' ? { text, ...(name && { name }) } : undefined;
}

const summaries = new Map<string, { operation: string; summary: string; text: string }>();

function specOf(statement: Statement, module: string): SpanSpec {
  const { operation, summary, text } = summaryOf(statement);
  return {
    name: summary,
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': module,
      'db.operation.name': operation,
      'db.query.summary': summary,
      'db.query.text': text,
      [MODULE]: module,
    },
  };
}

function summaryOf({ text, name }: Statement) {
  let known = summaries.get(text);
  if (known) return known;
  const [, operation = 'QUERY'] = /^\s*(\w+)/.exec(text) ?? [];
  const [, table] = /\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?"?([a-z_][\w.]*)/i.exec(text) ?? [];
  const plain = [operation.toUpperCase(), table].filter(Boolean).join(' ');
  known = {
    operation: operation.toUpperCase(),
    summary: name?.startsWith('sql-') ? plain : (name ?? plain),
    text: text.trim().slice(0, MAX_TEXT_LENGTH),
  };
  if (summaries.size >= REMEMBERED) summaries.clear();
  summaries.set(text, known);
  return known;
}
