import type { Dispatcher as UndiciDispatcher } from 'undici';
import { Pool } from 'undici';
import { Unavailable } from '../messaging/errors.js';
import { signSeamRequest } from './seam-token.js';
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

export interface SeamAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

const CONNECTIONS = 64;
const PING_MS = 1000;

/** Signed requests to one module in another process, over HTTP/1.1 connections that are kept alive. */
export class SeamClient {
  readonly #pool: Pool;

  constructor(
    readonly peer: SeamPeer,
    private readonly identity: SeamIdentity,
  ) {
    const { tls } = identity;
    this.#pool = new Pool(peer.url, { connections: CONNECTIONS, ...(tls && { connect: tls }) });
  }

  /**
   * @param timeoutMs milliseconds until it is given up
   * @throws Unavailable `timeout` or `down`; whatever status comes back is an answer
   */
  async request(
    method: string,
    path: string,
    body: string | Uint8Array,
    timeoutMs: number,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<SeamAnswer> {
    const { module: receiver } = this.peer;
    const token = signSeamRequest(this.identity.secret, { sender: this.identity.sender, receiver, method, path, body });
    const timeout = AbortSignal.timeout(Math.max(1, timeoutMs));
    try {
      const answer = await this.#pool.request({
        method,
        path,
        body: body.length === 0 ? null : body,
        headers: { ...headers, 'x-seam-signature': token },
        signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      });
      return await read(answer);
    } catch (error) {
      throw this.#unavailable(error, timeout.aborted);
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

  #unavailable(cause: unknown, late: boolean): Unavailable {
    const { module, url } = this.peer;
    if (late) return new Unavailable(`${module} at ${url} did not answer in time.`, 'timeout', { cause });
    return new Unavailable(`${module} at ${url} cannot be reached.`, 'down', { cause });
  }
}

async function read({ statusCode, headers, body }: UndiciDispatcher.ResponseData): Promise<SeamAnswer> {
  return { status: statusCode, headers, body: Buffer.from(await body.arrayBuffer()) };
}
