import { connect } from 'node:net';

export interface RawAnswer {
  /** NaN when there was no answer. */
  status: number;
  headers: string;
  body: string;
}

/** How long an answer may take until the end of its connection, in milliseconds. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Sends a request as it stands, which no client library would: it is to ask for the end of the connection. */
export async function rawRequest(url: string, head: string): Promise<RawAnswer> {
  return await exchange(url, Buffer.from(`${head.replaceAll('\n', '\r\n')}\r\n\r\n`));
}

/**
 * Sends bytes and reads until the connection ends.
 *
 * @param breakOff hangs up its own half behind the bytes
 * @throws Error when the connection is still there after 30 seconds
 */
export async function exchange(url: string, bytes: Buffer, breakOff = false): Promise<RawAnswer> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const parts: Buffer[] = [];
  let hangs = false;
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
    hangs = true;
    socket.destroy();
  });
  socket.on('data', (part) => parts.push(part)).on('error', () => undefined);
  if (breakOff) socket.end(bytes);
  else socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  if (hangs) throw new Error(`no end after ${ANSWER_TIMEOUT_MS} ms`);
  return answerOf(Buffer.concat(parts).toString('latin1'));
}

function answerOf(text: string): RawAnswer {
  const final = text.replace(/^(HTTP\/1\.1 1\d\d .*\r\n(.+\r\n)*\r\n)+/, '');
  const [headers = '', ...rest] = final.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]), headers, body: rest.join('\r\n\r\n') };
}

/** A GET of a request target as it stands. */
export const get = (target: string, more = '') => `GET ${target} HTTP/1.1\nHost: x\nConnection: close${more}`;
