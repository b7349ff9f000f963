import { STATUS_CODES } from 'node:http';
import { ERASED } from '../../messaging/errors.js';
import { PROBLEM_TYPE } from '../request/before-routing.js';
import { refusal, UNAVAILABLE, INTERNAL } from '../problems/failures.js';
import type { Failure } from '../problems/problem.js';
import { problemBody } from '../problems/problem.js';
import type { RouteFacts } from './routes.js';

const header = (description: string, schema: object, example: string) => ({ description, schema, example });

/** Headers of answers, as `components.headers`. */
export const HEADERS = {
  'X-Trace-Id': header(
    'Finds the request in traces and logs',
    { type: 'string', pattern: '^[0-9a-f]{32}$' },
    '0af7651916cd43dd8448eb211c80319c',
  ),
  'X-Correlation-Id': header(
    'The one that the request came with, else a new one',
    { type: 'string' },
    '11111111-1111-4111-8111-111111111111',
  ),
  Location: header('Where what the request has made is', { type: 'string', format: 'uri-reference' }, '/v1/things/7'),
  'Retry-After': header('Seconds after which to try again', { type: 'string', pattern: '^\\d+$' }, '2'),
  'WWW-Authenticate': header('What is wrong with the token, if there was one: RFC 6750', { type: 'string' }, 'Bearer'),
};

type HeaderName = keyof typeof HEADERS;

/** References to headers: those of every answer, and more. */
export function headers(...more: HeaderName[]): Record<string, object> {
  const names: HeaderName[] = ['X-Trace-Id', 'X-Correlation-Id', ...more];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const failure = (status: number, code: string, detail: string): Failure => ({ status, code, detail });

/** An example of each failure that a route may answer with. */
const FAILURES: readonly [Failure, ...HeaderName[]][] = [
  [refusal(400)],
  [refusal(401), 'WWW-Authenticate'],
  [refusal(403)],
  [failure(404, 'not_found', 'There is no such thing.')],
  [failure(409, 'conflict', 'The present state does not allow this.')],
  [failure(410, ERASED.code, ERASED.message)],
  [refusal(413)],
  [refusal(415)],
  [
    {
      ...failure(422, 'validation_failed', 'The body is not as expected.'),
      errors: [{ field: 'name', message: 'expected text' }],
    },
  ],
  [refusal(429), 'Retry-After'],
  [INTERNAL],
  [UNAVAILABLE, 'Retry-After'],
];

/** `components.responses`: one for each status, and one for whatever else may go wrong. */
export function failureResponses(): Record<string, object> {
  const named = FAILURES.map(([each, ...more]) => [nameOf(each.status), response(each, more)] as const);
  const any = { ...response(refusal(400), []), description: 'Any other failure' };
  return { ...Object.fromEntries(named), Failure: any };
}

/** What a route may fail with, by status. */
export function failuresOf(route: RouteFacts): Record<string, object> {
  const statuses = FAILURES.map(([{ status }]) => status).filter((status) => APPLIES[status]?.(route) ?? true);
  const named = statuses.map((status) => [status, reference(nameOf(status))] as const);
  return { ...Object.fromEntries(named), default: reference('Failure') };
}

const guarded = ({ operational }: RouteFacts) => !operational;

/** When a status can be an answer of a route; always, where nothing is said. */
const APPLIES: Readonly<Record<number, (route: RouteFacts) => boolean>> = {
  401: guarded,
  403: ({ open }) => !open,
  404: ({ takes }) => takes.path,
  409: ({ changes }) => changes,
  410: ({ changes }) => changes,
  413: ({ takes }) => takes.body,
  415: ({ takes }) => takes.body,
  422: ({ takes, changes }) => changes || takes.body || takes.query || takes.path,
  429: guarded,
  503: guarded,
};

const nameOf = (status: number) => STATUS_CODES[status]!.replaceAll(/\W/g, '');
const reference = (name: string) => ({ $ref: `#/components/responses/${name}` });

function response(each: Failure, more: HeaderName[]): object {
  const schema = { $ref: '#/components/schemas/Problem' };
  const example = problemBody(each, HEADERS['X-Trace-Id'].example);
  return {
    description: STATUS_CODES[each.status],
    headers: headers(...more),
    content: { [PROBLEM_TYPE.split(';')[0]!]: { schema, example } },
  };
}
