import { setTimeout as delay } from 'node:timers/promises';

/** What came back. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
  /** The body, if the status is one of these. @throws Error with the whole answer otherwise */
  expect(...statuses: number[]): T;
}

export type Fields = Readonly<Record<string, string>>;

interface Content {
  content?: string;
  headers?: Fields;
}

/** Speaks JSON with one application, as the owner of one token or as nobody. */
export class Client {
  constructor(
    readonly url: string,
    readonly token?: string,
  ) {}

  async get<T>(path: string, headers: Fields = {}): Promise<Answer<T>> {
    return await this.send<T>('GET', path, { headers });
  }

  async post<T>(path: string, body: unknown, headers: Fields = {}): Promise<Answer<T>> {
    return await this.send<T>('POST', path, { ...json(body), headers });
  }

  async patch<T>(path: string, body: unknown, headers: Fields = {}): Promise<Answer<T>> {
    return await this.send<T>('PATCH', path, { ...json(body), headers });
  }

  /** @param content the body as it is sent; its type is JSON unless a header says otherwise */
  async send<T>(method: string, path: string, { content, headers = {} }: Content = {}) {
    const response = await patiently(this.url + path, {
      method,
      headers: {
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(content !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(content !== undefined && { body: content }),
    });
    return answerOf<T>(`${method} ${path}`, response, await response.text());
  }
}

/** How long to go on asking, in milliseconds, where a part of the system is away or slow. None by default. */
export const ACCEPTANCE_TIMEOUT_MS = Number(process.env['ACCEPTANCE_TIMEOUT_MS'] ?? 0);

/** As a client does that heeds `Retry-After`. */
async function patiently(url: string, request: RequestInit): Promise<Response> {
  const until = Date.now() + ACCEPTANCE_TIMEOUT_MS;
  for (;;) {
    const response = await fetch(url, request);
    if (response.status !== 503 || !response.headers.has('retry-after') || Date.now() > until) return response;
    await response.arrayBuffer();
    await delay(Math.min(500, 1000 * Number(response.headers.get('retry-after'))));
  }
}

const json = (body: unknown) => (body === undefined ? {} : { content: JSON.stringify(body) });

function answerOf<T>(request: string, { status, headers }: Response, text: string): Answer<T> {
  const isJson = /json/.test(headers.get('content-type') ?? '');
  const body = (isJson ? JSON.parse(text) : text) as T;
  const expect = (...expected: number[]) => {
    if (expected.includes(status)) return body;
    throw new Error(`${request} was answered with ${status} instead of ${expected.join(' or ')}: ${text}`);
  };
  return { status, headers, body, expect };
}
