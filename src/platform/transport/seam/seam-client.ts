import type { KeyObject } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { Pool } from 'undici';
import { Unavailable } from '../../messaging/errors.js';
import type { SeamAnswer } from './seam-exchange.js';
import { Exchange } from './seam-exchange.js';
import { CallerCancelled, SeamPolicy } from './seam-policy.js';
import type { SeamRequest } from './seam-token.js';
import { seamKey, signSeamRequest } from './seam-token.js';
import { PATHS } from './wire.js';

/** TLS material for hosts without a mesh: PEM texts. */
export interface SeamTls {
  ca?: string;
  cert?: string;
  key?: string;
}

export interface SeamPeer {
  /** The module that answers there. */
  module: string;
  /** Its seam address, such as `http://10.0.0.7:4100`. */
  url: string;
}

export interface SeamIdentity {
  /** The name of this host in signatures. */
  sender: string;
  secret: string;
  tls?: SeamTls;
}

/** A request of a client, to be handed on. */
export interface Forwarding extends Pick<SeamRequest, 'method' | 'path' | 'body' | 'client'> {
  headers: Record<string, string>;
  /** Milliseconds until the answer has to begin. */
  timeoutMs: number;
  /** Aborts when the client does not wait any more. */
  signal: AbortSignal;
}

const PING_MS = 1000;
/** How long an answer that has begun may stand still, in milliseconds: then its connection is lost. */
const BODY_TIMEOUT_MS = 30_000;
/** Bytes of the headers of an answer. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * Signed requests to one module in another process, over HTTP/1.1 connections that are kept alive. How many there are is
 * limited by what asks: see {@link SeamPolicy}.
 */
export class SeamClient {
  readonly policy: SeamPolicy;
  readonly #pool: Pool;
  readonly #key: KeyObject;

  constructor(
    readonly peer: SeamPeer,
    private readonly identity: SeamIdentity,
  ) {
    const { tls, secret } = identity;
    this.#key = seamKey(secret);
    this.policy = new SeamPolicy(peer.module);
    const limits = { bodyTimeout: BODY_TIMEOUT_MS, maxHeaderSize: MAX_HEADER_BYTES };
    this.#pool = new Pool(peer.url, { ...limits, ...(tls && { connect: tls }) });
  }

  /**
   * @param timeoutMs milliseconds until it is given up
   * @throws Unavailable `timeout` or `down`; whatever status comes back is an answer
   */
  request(
    method: string,
    path: string,
    body: string | Uint8Array,
    timeoutMs: number,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<SeamAnswer> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange({
        resolve: (answer) => {
          end();
          resolve(answer);
        },
        reject: (cause) => {
          end();
          reject(this.#unreached(cause));
        },
      });
      const end = this.#limit(timeoutMs, signal, (reason) => exchange.abort(reason));
      if (signal?.aborted) exchange.abort(abandoned());
      else this.#pool.dispatch(this.#signed({ method, path, body }, headers), exchange);
    });
  }

  /** The answer's body comes as it is made, until `signal` aborts. @throws Unavailable as {@link request} */
  async forward({ headers, timeoutMs, signal, ...request }: Forwarding): Promise<SeamAnswer<Readable>> {
    const over = new AbortController();
    const end = this.#limit(timeoutMs, signal, (reason) => over.abort(reason));
    if (signal.aborted) over.abort(abandoned());
    try {
      const options = { ...this.#signed(request, headers), signal: over.signal };
      const { statusCode: status, headers: its, body } = await this.#pool.request(options);
      signal.addEventListener('abort', () => body.destroy(), { once: true });
      return { status, headers: its, body };
    } catch (cause) {
      throw this.#unreached(cause);
    } finally {
      end();
    }
  }

  /** Whether the module answers at all, and takes our signature for good. */
  async answers(): Promise<boolean> {
    const path = `${PATHS.feeds}/${this.peer.module}/settled?after=0&wait=0`;
    const answer = await this.request('GET', path, '', PING_MS).catch(() => undefined);
    return answer?.status === 200;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #signed(
    request: Omit<SeamRequest, 'sender' | 'receiver'>,
    headers: Record<string, string>,
  ): Dispatcher.RequestOptions {
    const { sender } = this.identity;
    const { method, path, body } = request;
    const token = signSeamRequest(this.#key, { ...request, sender, receiver: this.peer.module });
    const signed = { ...headers, 'x-seam-signature': token };
    return { method, path, body: body.length === 0 ? null : body, headers: signed };
  }

  /** @returns what ends the limit */
  #limit(timeoutMs: number, signal: AbortSignal | undefined, abort: (reason: Unavailable) => void): () => void {
    const abandon = () => abort(abandoned());
    const expire = () => abort(new Unavailable(`${this.#peerName} did not answer in time.`, 'timeout'));
    const timer = setTimeout(expire, timeoutMs);
    signal?.addEventListener('abort', abandon, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
    };
  }

  #unreached(cause: unknown): Unavailable {
    if (cause instanceof Unavailable) return cause;
    const encrypted = this.peer.url.startsWith('https:') ? ', or refuses our certificate' : '';
    return new Unavailable(`${this.#peerName} cannot be reached${encrypted}.`, 'down', { cause });
  }

  get #peerName(): string {
    return `${this.peer.module} at ${this.peer.url}`;
  }
}

const abandoned = () => new CallerCancelled('nobody waits for the answer', 'timeout');
