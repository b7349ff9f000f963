import { beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Certificates } from '../../../test/support/certificates.js';
import { makeCertificates, readCertificates } from '../../../test/support/certificates.js';
import { eventually } from '../testing/index.js';
import { Connections } from './connections.js';

let tls: Certificates;
beforeAll(async () => void (tls = await readCertificates(await makeCertificates())), 60_000);

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const HALF_A_BODY = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345';

/** A listener that answers `GET` when it is told to, and `POST` when its body is there. */
class Listener {
  readonly connections: Connections;
  readonly asked: ServerResponse[] = [];
  readonly #server: Server;
  readonly #secure: boolean;
  connected = 0;

  constructor(secure: boolean) {
    this.#secure = secure;
    this.#server = secure ? createTlsServer({ cert: tls.cert, key: tls.key }) : createServer();
    this.#server.on('connection', () => this.connected++);
    this.connections = new Connections(this.#server);
    this.#server.on('request', (request, response) => {
      request.resume();
      if (request.method === 'GET') this.asked.push(response);
      else request.once('end', () => response.end('all of it'));
    });
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  /** A client that says `text`, once the listener knows it. */
  async client(text = '', encrypted = this.#secure): Promise<Client> {
    const { port } = this.#server.address() as AddressInfo;
    const before = this.connected;
    const plain = connect(port, '127.0.0.1');
    const socket = encrypted ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain;
    const client = new Client(socket);
    await once(socket, encrypted ? 'secureConnect' : 'connect');
    if (text) await new Promise<void>((sent) => socket.write(text, () => sent()));
    await eventually(() => this.connected > before, 'the connection being there');
    return client;
  }

  /** One that was answered once and is kept alive. */
  async idle(): Promise<Client> {
    const client = await this.client(GET);
    await eventually(() => this.asked.length === 1, 'the request being there');
    this.asked.pop()!.end('first');
    await eventually(() => client.heard.endsWith('first\r\n0\r\n\r\n') || client.heard.endsWith('first'), 'the answer');
    return client;
  }
}

class Client {
  heard = '';
  readonly closed: Promise<unknown>;

  constructor(readonly socket: Socket) {
    socket.on('error', () => undefined).on('data', (data: Buffer) => (this.heard += data.toString()));
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }
}

describe.each([
  ['plain', false],
  ['encrypted', true],
])('a listener that closes, %s', (_, secure) => {
  it('ends what is quiet: idle, silent, half a head, half a body, half a handshake', async () => {
    const listener = await new Listener(secure).open();
    const clients = [
      await listener.idle(),
      await listener.client(),
      await listener.client('GET / HT'),
      await listener.client(HALF_A_BODY),
      await listener.client('', false),
    ];
    await listener.connections.close(60_000);
    await Promise.all(clients.map(({ closed }) => closed));
  });

  it('answers what was asked, and what is there completely soon', async () => {
    const listener = await new Listener(secure).open();
    const [asked, arriving] = [await listener.client(GET), await listener.client(HALF_A_BODY)];
    await eventually(() => listener.asked.length === 1, 'the request being there');
    const closed = listener.connections.close(60_000);
    arriving.socket.write('67890');
    await arriving.closed;
    listener.asked[0]!.end('late but whole');
    await asked.closed;
    await closed;
    expect([asked.heard, arriving.heard]).toEqual([
      expect.stringContaining('late but whole'),
      expect.stringContaining('all of it'),
    ]);
  });

  it('waits no longer than it may, for an answer or for somebody to read it', async () => {
    const listener = await new Listener(secure).open();
    const [asked, deaf] = [await listener.client(GET), await listener.client(GET)];
    deaf.socket.pause();
    await eventually(() => listener.asked.length === 2, 'the requests being there');
    for (const response of listener.asked.slice(1)) response.end(Buffer.alloc(20_000_000));
    await listener.connections.close(300);
    deaf.socket.resume();
    await Promise.all([asked.closed, deaf.closed]);
  });
});
