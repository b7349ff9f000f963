import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: string;
  body: string;
}

/** Sends a request as it stands, which no client library would: it is to ask for the end of the connection. */
export async function rawRequest(url: string, head: string): Promise<RawAnswer> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part)).on('error', () => undefined);
  socket.write(`${head.replaceAll('\n', '\r\n')}\r\n\r\n`);
  await once(socket, 'close');
  const text = Buffer.concat(parts).toString('latin1');
  const [headers = '', ...rest] = text.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]), headers, body: rest.join('\r\n\r\n') };
}

/** A GET of a request target as it stands. */
export const get = (target: string, more = '') => `GET ${target} HTTP/1.1\nHost: x\nConnection: close${more}`;
