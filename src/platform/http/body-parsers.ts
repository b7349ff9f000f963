import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { unstorableIn } from '../messaging/plain/storable.js';
import { refusal } from './failures.js';
import { BODY_LIMIT } from './fastify-options.js';
import { RequestRefused } from './problem.js';

type Done = (error: Error | null, body?: unknown) => void;

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
      return parse(request, text, (error, value) => {
        if (error) return done(malformed());
        return unstorableIn(value) ? done(unstorable()) : done(null, value);
      });
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

/** Text that PostgreSQL cannot store is refused wherever it comes in. */
export function unstorable(): RequestRefused {
  return new RequestRefused(400, 'bad_request', 'NUL characters and halves of characters are not accepted.');
}

function malformed(): RequestRefused {
  return new RequestRefused(400, 'malformed_json', 'The body is not well-formed JSON.');
}
