import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Feed } from '../delivery/feed.js';
import { untilMoved, type Watch } from '../delivery/feed.js';
import { report } from '../delivery/retention.js';
import type { Dispatcher } from '../messaging/dispatcher.js';
import { ContractViolation, Unavailable } from '../messaging/errors.js';
import type { Registry } from '../messaging/registry.js';
import type { Logger } from '../observability/logging.js';
import type { Database } from '../persistence/database.js';
import { BATCH_TYPE, toCloudEvent } from './cloud-events.js';
import { ReaderReport } from './reader-reports.js';
import type { SeamTls } from './seam-client.js';
import { SeamRefusal, SeamVerifier } from './seam-token.js';
import { fromWire, outcomeBody, PATHS } from './wire.js';

const BODY_LIMIT = 1024 * 1024;
const MOST_MESSAGES = 1000;
const LONGEST_WAIT_MS = 30_000;

/** What the internal listener gives access to: the modules of this process. */
export interface SeamHost {
  readonly registry: Registry;
  readonly dispatcher: Dispatcher;
  /** The modules that run here. */
  readonly running: ReadonlySet<string>;
  readonly log: Logger;
  /** The outbox of a module that runs here. */
  feedOf(module: string): { feed: Feed; watch: Watch };
  database(module: string): Database;
}

/** A request of the front door, handed to the public routes of this process. */
export type ForwardedRequest = { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer };
export type PublicRoutes = (request: ForwardedRequest) => Promise<{ status: number; headers: object; body: Buffer }>;

interface Arrived {
  method: string;
  path: string;
  url: URL;
  module: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
  closed: AbortSignal;
}

/** The internal listener: messages, feeds and forwarded requests from other processes. Nothing unsigned gets in. */
export class SeamServer {
  readonly #server: Server;
  readonly #verifier: SeamVerifier;
  readonly #closing = new AbortController();

  constructor(
    private readonly host: SeamHost,
    private readonly routes: PublicRoutes,
    options: { secret: string; tls?: SeamTls },
  ) {
    this.#verifier = new SeamVerifier(options.secret);
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    const mutual = options.tls && { ...options.tls, requestCert: true, rejectUnauthorized: true };
    this.#server = mutual ? createTlsServer(mutual, listener) : createServer(listener);
  }

  /** @returns the port it listens on @throws the error of `listen` */
  async listen(port: number, address: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends the questions that wait for news, and finishes the others. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A connection that has ended no longer says whose it was.
    const from = request.socket.remoteAddress;
    try {
      const arrived = await this.#admit(request, response);
      await this.#answer(arrived, response);
    } catch (error) {
      this.#refuse(error, from, request, response);
    }
  }

  /** @throws SeamRefusal unless a holder of the secret has signed this very request for a module that runs here */
  async #admit(request: IncomingMessage, response: ServerResponse): Promise<Arrived> {
    const { method = 'GET', url: path = '/' } = request;
    const body = await readBody(request);
    const token = request.headers['x-seam-signature'];
    const claims = this.#verifier.verify(String(token ?? ''), { method, path, body }, this.host.running);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const closed = AbortSignal.any([gone.signal, this.#closing.signal]);
    return {
      method,
      path,
      url: new URL(path, 'http://seam'),
      module: claims.aud,
      headers: request.headers,
      body,
      closed,
    };
  }

  async #answer(arrived: Arrived, response: ServerResponse): Promise<void> {
    const { pathname } = arrived.url;
    if (pathname === PATHS.messages) return await this.#message(arrived, response);
    if (pathname === `${PATHS.feeds}/${arrived.module}/settled`) return await this.#settled(arrived, response);
    if (pathname === `${PATHS.feeds}/${arrived.module}/readers`) return await this.#readers(arrived, response);
    if (pathname === `${PATHS.feeds}/${arrived.module}`) return await this.#feed(arrived, response);
    if (pathname.startsWith(`${PATHS.http}/`)) return await this.#forwarded(arrived, response);
    return send(response, 404, { error: 'there is no such path' });
  }

  async #message({ body, module }: Arrived, response: ServerResponse): Promise<void> {
    const read = readMessage(body, module);
    if (!read) return send(response, 400, { reason: 'fault', message: 'It is no message.' });
    const { context, payload } = read;
    const Message = this.host.registry.classOf(context.type);
    if (!Message || Message.definition.module !== module) {
      return send(response, 501, { reason: 'fault', message: `${module} does not know ${context.type}.` });
    }
    try {
      const outcome = await this.host.dispatcher.answer(context, new Message(payload as never));
      return send(response, 200, outcomeBody(outcome));
    } catch (error) {
      if (error instanceof Unavailable) {
        const { reason, message } = error;
        return send(response, reason === 'fault' ? 500 : 503, { reason, message });
      }
      this.host.log.error({ err: error, type: context.type }, 'a message of another process could not be handled');
      const message =
        error instanceof ContractViolation || error instanceof TypeError ? error.message : 'internal error';
      return send(response, 500, { reason: 'fault', message });
    }
  }

  async #settled({ url, module, closed }: Arrived, response: ServerResponse): Promise<void> {
    const { watch } = this.host.feedOf(module);
    const after = Number(url.searchParams.get('after'));
    const waitMs = Math.min(LONGEST_WAIT_MS, Number(url.searchParams.get('wait')));
    if (waitMs > 0) await untilMoved(watch, after, AbortSignal.any([closed, AbortSignal.timeout(waitMs)]));
    return send(response, 200, { settled: watch.settled });
  }

  async #feed({ url, module }: Arrived, response: ServerResponse): Promise<void> {
    const { searchParams: query } = url;
    const limit = Math.min(MOST_MESSAGES, Number(query.get('limit')));
    const filter = { streams: query.getAll('stream'), types: query.getAll('type') };
    const page = await this.host.feedOf(module).feed.read(Number(query.get('after')), filter, limit);
    response.setHeader('x-feed-position', page.upTo);
    return send(response, 200, JSON.stringify(page.messages.map(toCloudEvent)), BATCH_TYPE);
  }

  async #readers({ module, body }: Arrived, response: ServerResponse): Promise<void> {
    await report(this.host.database(module).pool, ReaderReport.parse(JSON.parse(body.toString())));
    return send(response, 200, {});
  }

  async #forwarded({ method, path, headers, body }: Arrived, response: ServerResponse): Promise<void> {
    const answer = await this.routes({ method, url: path.slice(PATHS.http.length), headers, body });
    response.writeHead(answer.status, answer.headers as Record<string, string>).end(answer.body);
  }

  #refuse(error: unknown, from: string | undefined, request: IncomingMessage, response: ServerResponse): void {
    const refused = error instanceof SeamRefusal;
    const line = { err: error, from, path: request.url?.split('?')[0] };
    this.host.log.warn(line, refused ? 'refused a request to the seam' : 'a request to the seam failed');
    if (response.headersSent) response.destroy();
    else if (refused) send(response.setHeader('connection', 'close'), 401, { error: 'refused' });
    else send(response, 500, { reason: 'fault', message: 'internal error' });
  }
}

function readMessage(body: Buffer, module: string): ReturnType<typeof fromWire> | undefined {
  try {
    return fromWire(body.toString(), module);
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  // Kept open when it is left early: the refusal is still to be sent.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw new SeamRefusal('its body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function send(response: ServerResponse, status: number, body: object | string, type = 'application/json'): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
}
