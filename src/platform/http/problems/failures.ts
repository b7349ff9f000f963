import { HttpException } from '@nestjs/common';
import type { ErrorKind } from '../../messaging/errors.js';
import { DomainError, ERASED, Unavailable } from '../../messaging/errors.js';
import { isConnectionFailure } from '../../connection/failures.js';
import type { Failure } from './problem.js';
import { InvalidFields, RequestRefused } from './problem.js';

/** The HTTP status of each kind of `DomainError`. */
const STATUS: Readonly<Record<ErrorKind, number>> = { invalid: 422, not_found: 404, conflict: 409, forbidden: 403 };

/** Seconds after which a client should ask again for what is away at present. */
const RETRY_AFTER = '2';

export const UNAVAILABLE: Failure = {
  status: 503,
  code: 'unavailable',
  detail:
    'A part of the system does not answer at present. Try again; with the same Idempotency-Key nothing happens twice.',
  headers: { 'Retry-After': RETRY_AFTER },
};

export const INTERNAL: Failure = {
  status: 500,
  code: 'internal_error',
  detail: 'Something went wrong on our side. The trace id finds it in the logs.',
};

/** What the framework itself refuses: code and sentence by status. Its own sentences name internals. */
const REFUSALS: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ['bad_request', 'The request is malformed.'],
  401: ['unauthenticated', 'A bearer token is needed.'],
  403: ['forbidden', 'This is not allowed.'],
  404: ['not_found', 'No route matches this path.'],
  405: ['method_not_allowed', 'This path does not support this method.'],
  408: ['request_timeout', 'The request took too long to arrive.'],
  413: ['payload_too_large', 'The body is larger than 100 kB.'],
  414: ['uri_too_long', 'A part of the path is too long.'],
  415: ['unsupported_media_type', 'The body has to be application/json.'],
  417: ['expectation_failed', 'The Expect header may be 100-continue, and nothing else.'],
  429: ['rate_limited', 'Too many requests.'],
  431: ['headers_too_large', 'The headers are too large.'],
};

/**
 * The one place where failures become HTTP. Whatever is not foreseen says nothing of itself.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestRefused)
    return { status: error.status, code: error.code, detail: error.message, headers: error.headers };
  if (error instanceof DomainError) return domainFailure(error);
  // The dispatcher has logged the fault behind it.
  if (error instanceof Unavailable) return error.reason === 'fault' ? INTERNAL : UNAVAILABLE;
  if (isConnectionFailure(error)) return { ...UNAVAILABLE, unexpected: true };
  if (error instanceof HttpException && error.getStatus() < 500) return refusal(error.getStatus());
  return { ...INTERNAL, unexpected: true };
}

/** The failure behind a status that the framework, or Node's parser, refuses a request with. */
export function refusal(status: number): Failure {
  const [code, detail] = REFUSALS[status] ?? REFUSALS[400]!;
  return { status, code, detail };
}

function domainFailure(error: DomainError): Failure {
  const isErased = error.kind === ERASED.kind && error.code === ERASED.code;
  const status = isErased ? 410 : STATUS[error.kind];
  const failure = { status, code: error.code, detail: error.message, details: error.details };
  return error instanceof InvalidFields ? { ...failure, errors: error.errors } : failure;
}
