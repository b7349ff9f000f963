import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Connections } from '../http/connections.js';
import { ARRIVAL_MS } from '../http/fastify-options.js';
import { HttpOptions } from '../http/http-options.js';
import { refusal } from '../http/problems/failures.js';
import { answerParserErrors } from '../http/request/parser-errors.js';
import { RequestRefused } from '../http/problems/problem.js';
import { RouteTable } from '../http/route-table.js';
import type { Metrics } from '../observability/metrics.js';

/** What is for those who look after the process, and nobody else. */
const OPERATIONAL = /^\/(metrics|_ops)(\/|$)/;
const HEALTH = /^\/health(\/|$)/;
const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The requests that came in by the operations' own listener. */
const within = new WeakSet<IncomingMessage>();

/**
 * Numbers and operations: on the listener of `OPS_PORT`, and in development on the public one as well. To be called before
 * the application listens.
 */
export function serveOperations(app: NestFastifyApplication, metrics: Metrics | undefined): void {
  const { production } = app.get(HttpOptions);
  const fastify = app.getHttpAdapter().getInstance();
  const reachable = (raw: IncomingMessage, route: string) => {
    const operational = OPERATIONAL.test(route);
    return within.has(raw) ? operational || HEALTH.test(route) : !production || !operational;
  };
  app.get(RouteTable).limitTo(reachable);
  fastify.addHook('onRequest', ({ raw, routeOptions: { url: route } }, _reply, done) => {
    // The route that matched decides, and not how the client has written its path; without one there is a 404 or 405.
    if (route === undefined || reachable(raw, route)) return done();
    const { status, code, detail } = refusal(404);
    return done(new RequestRefused(status, code, detail));
  });
  fastify.get('/metrics', async (_request, reply) => {
    reply.type(TYPE).header('Cache-Control', 'no-store');
    return metrics ? await metrics.text() : '# OTEL_SDK_DISABLED: nothing is counted\n';
  });
}

/** The listener of `OPS_PORT`: metrics, health and operations of the same application, and nothing else of it. */
export class OpsDoor {
  readonly #server: Server;
  readonly #connections: Connections;

  constructor(app: NestFastifyApplication) {
    const fastify = app.getHttpAdapter().getInstance();
    const options = { requestTimeout: ARRIVAL_MS, headersTimeout: ARRIVAL_MS, requireHostHeader: false };
    this.#server = createServer(options, (request, response) => {
      within.add(request);
      fastify.routing(request, response);
    });
    answerParserErrors(this.#server, fastify);
    this.#connections = new Connections(this.#server);
  }

  /** @returns the port it listens on @throws the error of `listen` */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whatever its clients do: see {@link Connections}. */
  async close(): Promise<void> {
    await this.#connections.close();
  }
}
