import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { refusal } from './failures.js';
import { BODY_LIMIT } from './fastify-options.js';
import { RequestRefused } from './problem.js';

type Done = (error: Error | null, body?: unknown) => void;

/** An escaped NUL, which no text column can hold; `\\u0000` after an escaped backslash is harmless. */
const NUL = /(?:^|[^\\])(?:\\\\)*\\u0000/;

/** JSON is the only kind of body. An empty one is none, whatever its type says. */
export function parseBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser('text/plain');
  app.useBodyParser(
    'application/json',
    { bodyLimit: BODY_LIMIT },
    (request: FastifyRequest, body: Buffer, done: Done) => {
      if (body.length === 0) return done(null);
      const text = body.toString('utf8');
      if (NUL.test(text)) return done(nul());
      return parse(request, text, (error, value) => done(error && malformed(), value));
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

/** Text with a NUL character is refused wherever it comes in. */
export function nul(): RequestRefused {
  return new RequestRefused(400, 'bad_request', 'NUL characters are not accepted.');
}

function malformed(): RequestRefused {
  return new RequestRefused(400, 'malformed_json', 'The body is not well-formed JSON.');
}
