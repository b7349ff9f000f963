import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How long a request that has begun to arrive when a listener closes may take to be there, in milliseconds. */
const ARRIVAL_TIMEOUT_MS = 1000;
/** How long what is being answered then may take. */
const ANSWER_TIMEOUT_MS = 17_000;

interface Connection {
  /** The TCP connection, also below TLS. */
  socket: Socket;
  requests: Set<IncomingMessage>;
  /** Has been asked something and has answered it. */
  served: boolean;
}

/**
 * What is connected to a listener, so that it closes the same way whatever its clients do: those that ask nothing, stop in
 * the middle of a request, do not read their answer or never get through their TLS handshake.
 */
export class Connections {
  /** By the client's address and port, which TCP and TLS have in common. */
  readonly #open = new Map<string, Connection>();
  #closing = false;
  #empty: () => void = () => undefined;

  /** @param server before it listens */
  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => this.#opened(socket));
    server.prependListener('request', (request, response) => this.#asked(request, response));
  }

  /**
   * Takes no more connections, then closes those that there are, as {@link drain}.
   * @param answerTimeoutMs milliseconds
   */
  async close(answerTimeoutMs = ANSWER_TIMEOUT_MS): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    await Promise.all([closed, this.drain(answerTimeoutMs)]);
  }

  /**
   * Closes every connection: an idle one at once, one that is being answered when it has its answer, one whose request does
   * not arrive within a second then, and whatever is left after `answerTimeoutMs`. For a listener that something else stops.
   */
  async drain(answerTimeoutMs = ANSWER_TIMEOUT_MS): Promise<void> {
    this.#closing = true;
    const arrival = setTimeout(() => this.#end((one) => !isAnswering(one)), ARRIVAL_TIMEOUT_MS);
    const late = setTimeout(() => this.#end(() => true), answerTimeoutMs);
    this.#end(({ served, requests }) => served && requests.size === 0);
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#empty = resolve));
    clearTimeout(arrival);
    clearTimeout(late);
  }

  #opened(socket: Socket): void {
    const key = keyOf(socket);
    const connection = { socket, requests: new Set<IncomingMessage>(), served: false };
    this.#open.set(key, connection);
    socket.once('close', () => {
      this.#open.delete(key);
      if (this.#open.size === 0) this.#empty();
    });
    if (this.#closing) setTimeout(() => isAnswering(connection) || socket.destroy(), ARRIVAL_TIMEOUT_MS).unref();
  }

  #asked(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#open.get(keyOf(request.socket));
    if (!connection) return;
    connection.requests.add(request);
    response.once('close', () => {
      connection.requests.delete(request);
      connection.served = true;
      if (this.#closing && connection.requests.size === 0) request.socket.destroySoon();
    });
  }

  #end(which: (connection: Connection) => boolean): void {
    for (const connection of this.#open.values()) if (which(connection)) connection.socket.destroy();
  }
}

const keyOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;

/** Whether a whole request is being answered. */
const isAnswering = ({ requests }: Connection) => [...requests].some(({ complete }) => complete);
