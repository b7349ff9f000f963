import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { unstorableIn } from '../../messaging/plain/storable.js';
import { refusal } from '../problems/failures.js';
import { BODY_LIMIT } from '../fastify-options.js';
import { InvalidFields, RequestRefused } from '../problems/problem.js';

/** Levels of objects and lists in a body. Whatever walks through a body calls itself once for each. */
const MAX_DEPTH = 100;

type Done = (error: Error | null, body?: unknown) => void;

/** JSON is the only kind of body. An empty one is none, whatever its type says. */
export function parseBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser('text/plain');
  app.useBodyParser(
    'application/json',
    { bodyLimit: BODY_LIMIT },
    (_request: FastifyRequest, body: Buffer, done: Done) => {
      try {
        return done(null, body.length === 0 ? undefined : parsed(body.toString('utf8')));
      } catch (error) {
        return done(error as Error);
      }
    },
  );
  // Nest would read forms as well.
  app.useBodyParser(
    'application/x-www-form-urlencoded',
    { bodyLimit: BODY_LIMIT },
    (_request: FastifyRequest, _body: Buffer, done: Done) => {
      const { status, code, detail } = refusal(415);
      done(new RequestRefused(status, code, detail));
    },
  );
}

/** @throws RequestRefused when it is no JSON, is nested too deeply or cannot be stored; InvalidFields when it names what every object has */
function parsed(text: string): unknown {
  const value = parseJson(text);
  if (isDeeper(value, MAX_DEPTH)) throw tooDeep();
  if (unstorableIn(value)) throw unstorable();
  const errors = inheritedIn(value).map((field) => ({ field, message: 'This field is not known.' }));
  if (errors.length > 0) throw new InvalidFields('validation_failed', 'The body is not as expected.', errors);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed();
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** Where fields have the names by which an object inherits: whoever copies them would change what it inherits. */
function inheritedIn(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, key];
    const inherits = key === '__proto__' || (key === 'constructor' && Object.hasOwn(Object(inner), 'prototype'));
    return inherits ? [at.join('.')] : inheritedIn(inner, at);
  });
}

/** Text that PostgreSQL cannot store is refused wherever it comes in. */
export function unstorable(): RequestRefused {
  return new RequestRefused(400, 'bad_request', 'NUL characters and halves of characters are not accepted.');
}

function tooDeep(): RequestRefused {
  return new RequestRefused(400, 'bad_request', `The body nests objects and lists more than ${MAX_DEPTH} deep.`);
}

function malformed(): RequestRefused {
  return new RequestRefused(400, 'malformed_json', 'The body is not well-formed JSON.');
}
