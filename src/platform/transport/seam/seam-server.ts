import { setMaxListeners } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { MAX_MESSAGE_BYTES } from '../../messaging/plain/limits.js';
import { Connections } from '../../http/connections.js';
import type { Arrived, PublicRoutes, SeamHost } from './seam-answers.js';
import { SeamAnswers, sendJson } from './seam-answers.js';
import type { SeamTls } from './seam-client.js';
import { seamKey, SeamRefusal, SeamVerifier } from './seam-token.js';

/** Bytes of a request line and its headers: what a public listener accepts, and the signature of it. */
const MAX_HEADER_BYTES = 64 * 1024;
/** How long a request may take to arrive, in milliseconds. */
const ARRIVAL_MS = 30_000;

export interface SeamOptions {
  /** Signs what this process asks others, and is accepted. */
  secret: string;
  /** Is accepted as well, and never signs: for changing the secret without a gap. */
  otherSecret?: string | undefined;
  tls?: SeamTls;
}

/** The internal listener: messages, feeds and forwarded requests from other processes. Nothing unsigned gets in. */
export class SeamServer {
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #verifier: SeamVerifier;
  readonly #answers: SeamAnswers;
  readonly #closing = new AbortController();
  readonly #answering = new Set<ServerResponse>();

  constructor(
    private readonly host: SeamHost,
    routes: PublicRoutes,
    { secret, otherSecret, tls }: SeamOptions,
  ) {
    this.#verifier = new SeamVerifier([secret, ...(otherSecret ? [otherSecret] : [])].map(seamKey));
    setMaxListeners(0, this.#closing.signal);
    this.#answers = new SeamAnswers(host, routes, this.#closing.signal);
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    const timeouts = { requestTimeout: ARRIVAL_MS, headersTimeout: ARRIVAL_MS, maxHeaderSize: MAX_HEADER_BYTES };
    const mutual = tls && {
      ...tls,
      ...timeouts,
      handshakeTimeout: ARRIVAL_MS,
      requestCert: true,
      rejectUnauthorized: true,
    };
    this.#server = mutual ? createTlsServer(mutual, listener) : createServer(timeouts, listener);
    this.#connections = new Connections(this.#server);
    this.#server.on('tlsClientError', (err: Error, { remoteAddress: from }: Socket) => {
      if (this.#closing.signal.aborted) return;
      host.log.warn({ err, from }, 'refused a connection to the seam: no certificate of our CA');
    });
  }

  /** @returns the port it listens on @throws the error of `listen` */
  async listen(port: number, address: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends the questions that wait for news, and finishes the others; no connection is used again. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const response of this.#answering) response.shouldKeepAlive = false;
    await this.#connections.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A connection that has ended no longer says whose it was.
    const from = request.socket.remoteAddress;
    this.#answering.add(response);
    response.once('close', () => this.#answering.delete(response));
    if (this.#closing.signal.aborted) response.shouldKeepAlive = false;
    try {
      await this.#answers.answer(await this.#admit(request), response);
    } catch (error) {
      this.#refuse(error, from, request, response);
    }
  }

  /** @throws SeamRefusal unless a holder of the secret has signed this very request for a module that runs here */
  async #admit(request: IncomingMessage): Promise<Arrived> {
    const { method = 'GET', url: path = '/', headers } = request;
    const claims = this.#verifier.check(String(headers['x-seam-signature'] ?? ''), { method, path }, this.host.running);
    const body = await readBody(request);
    this.#verifier.accept(claims, body);
    return { path, module: claims.aud, client: claims.cli, raw: request, body };
  }

  #refuse(error: unknown, from: string | undefined, request: IncomingMessage, response: ServerResponse): void {
    const refused = error instanceof SeamRefusal;
    const line = { err: error, from, path: request.url?.split('?')[0] };
    this.host.log.warn(line, refused ? 'refused a request to the seam' : 'a request to the seam failed');
    // What is left of its body is not read.
    if (!request.complete) response.shouldKeepAlive = false;
    if (response.headersSent) response.destroy();
    else if (refused) sendJson(response, 401, { error: 'refused' });
    else if (error instanceof TooLarge) sendJson(response, 413, { reason: 'fault', message: error.message });
    else sendJson(response, 500, { reason: 'fault', message: 'internal error' });
  }
}

/** Signed, but more than anybody reads. */
class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size > MAX_MESSAGE_BYTES) reject(new TooLarge('A message between processes has at most 1 MB.'));
      else parts.push(part);
    });
    request.on('end', () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)));
    request.on('error', reject);
    request.on('close', () => request.complete || reject(new Error('the request broke off')));
  });
}
