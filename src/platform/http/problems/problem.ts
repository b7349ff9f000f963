import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { Invalid } from '../../messaging/errors.js';

/** What every error answers with: RFC 9457 problem details, as `application/problem+json`. */
export const Problem = z.object({
  type: z.string().describe('urn:liftout:problem:<code>'),
  title: z.string().describe('What the status means'),
  status: z.int().min(400).max(599),
  detail: z.string().describe('One sentence for a person'),
  code: z.string().describe('Stable name of the failure'),
  traceId: z.string().describe('Finds the request in traces and logs'),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .describe('What is wrong with each field'),
  details: z.record(z.string(), z.json()).optional().describe('Facts that belong to the code'),
});

export interface FieldError {
  /** Dotted path, such as `lines.0.quantity`. */
  field: string;
  message: string;
}

/** A failure as HTTP tells it, before the request's trace id is added. */
export interface Failure {
  status: number;
  code: string;
  detail: string;
  headers?: Readonly<Record<string, string>>;
  errors?: readonly FieldError[];
  details?: Readonly<Record<string, unknown>>;
  /** It was not foreseen: it has to be logged with the error itself. */
  unexpected?: boolean;
}

/** The request is refused as such, whatever it asks for. What a module cannot do is a `DomainError` instead. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The input does not fit its schema. Names each field. */
export class InvalidFields extends Invalid {
  constructor(
    code: string,
    message: string,
    readonly errors: readonly FieldError[],
  ) {
    super(code, message);
  }
}

/** The body of the answer. */
export function problemBody(failure: Failure, traceId: string): z.output<typeof Problem> {
  const { status, code, detail, errors, details } = failure;
  return {
    type: `urn:liftout:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
    traceId,
    ...(errors && { errors: [...errors] }),
    ...(details && Object.keys(details).length > 0 && { details: details as Record<string, z.core.util.JSONType> }),
  };
}
