import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Feed, Watch } from '../../delivery/feed/feed.js';
import { MAX_PAGE_BYTES, untilMoved } from '../../delivery/feed/feed.js';
import { knowLess, knownOf } from '../../delivery/checkpoint/heard.js';
import { noteHolders } from '../../delivery/maintenance/holders.js';
import { beginAgain } from '../../delivery/maintenance/replay-start.js';
import { report } from '../../delivery/maintenance/retention.js';
import type { Dispatcher } from '../../messaging/dispatcher.js';
import { ContractViolation, Unavailable } from '../../messaging/errors.js';
import type { Registry } from '../../messaging/registry.js';
import type { Logger } from '../../observability/logging.js';
import type { Database } from '../../transaction/database.js';
import { BATCH_TYPE, toCloudEvent } from '../events/cloud-events.js';
import { Lowering, Rehearing } from '../events/consumer-positions.js';
import { HoldingReport, ReaderReport } from '../events/reader-reports.js';
import { FORWARDED, fromWire, outcomeBody, PATHS } from './wire.js';

const MAX_MESSAGES = 1000;
const MAX_WAIT_MS = 30_000;

/** Parameters of the feeds. */
const NUMBERS = ['after', 'limit', 'bytes', 'wait'] as const;
const NOT_NUMBERS = {
  reason: 'fault',
  message: `${NUMBERS.join(', ')}: expected whole numbers, and a limit from 1 on`,
};
const isNumber = (asked: URLSearchParams) => (name: (typeof NUMBERS)[number]) =>
  (name === 'limit' ? /^[1-9]\d{0,14}$/ : /^\d{1,15}$/).test(asked.get(name) ?? '1');

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

/** A request of a client at the front door. */
export interface ForwardedRequest {
  /** As it came over the seam. */
  raw: IncomingMessage;
  /** Path and query that the client asked for. */
  url: string;
  body: Buffer;
  /** The address of the client. */
  client: string | undefined;
}
/** Answers it with the public routes of this process. */
export type PublicRoutes = (request: ForwardedRequest, response: ServerResponse) => Promise<void>;

/** A request of another process whose signature is good. */
export interface Arrived {
  /** Path and query. */
  path: string;
  /** Whom it is meant for. */
  module: string;
  client: string | undefined;
  raw: IncomingMessage;
  body: Buffer;
}

/** Answers what other processes ask. */
export class SeamAnswers {
  /** @param closing ends the questions that wait for news */
  constructor(
    private readonly host: SeamHost,
    private readonly routes: PublicRoutes,
    private readonly closing: AbortSignal,
  ) {}

  answer(arrived: Arrived, response: ServerResponse): Promise<void> | void {
    const [path = '', query] = arrived.path.split('?', 2);
    if (path === PATHS.messages) return this.#message(arrived, response);
    if (path.startsWith(`${PATHS.http}/`)) return this.#forwarded(arrived, response);
    const asked = new URLSearchParams(query);
    if (!NUMBERS.every(isNumber(asked))) return sendJson(response, 400, NOT_NUMBERS);
    const feed = `${PATHS.feeds}/${arrived.module}`;
    if (path === `${feed}/settled`) return this.#settled(arrived.module, asked, response);
    if (path === `${feed}/readers`) return this.#readers(arrived, response);
    if (path === `${feed}/holders`) return this.#holders(arrived, response);
    if (path === `${feed}/heard`) return this.#heard(arrived.module, asked, response);
    if (path === `${feed}/lower`) return this.#lower(arrived, response);
    if (path === `${feed}/replay`) return this.#replay(arrived, response);
    if (path === feed) return this.#feed(arrived.module, asked, response);
    return sendJson(response, 404, { reason: 'fault', message: 'There is no such path.' });
  }

  async #message({ body, module }: Arrived, response: ServerResponse): Promise<void> {
    const read = readMessage(body, module);
    if (!read) return sendJson(response, 400, { reason: 'fault', message: 'It is no message.' });
    const { context, payload } = read;
    const Message = this.host.registry.classOf(context.type);
    if (!Message || Message.definition.module !== module) {
      const message = `${module} does not know ${context.type}: the version that runs there is another one.`;
      return sendJson(response, 501, { reason: 'fault', message });
    }
    try {
      const outcome = await this.host.dispatcher.answer(context, new Message(payload as never), 'remote');
      return send(response, 200, outcomeBody(outcome));
    } catch (error) {
      return this.#unanswered(error, context.type, response);
    }
  }

  #unanswered(error: unknown, type: string, response: ServerResponse): void {
    if (error instanceof Unavailable) {
      const { reason, message } = error;
      return sendJson(response, reason === 'fault' ? 500 : 503, { reason, message });
    }
    this.host.log.error({ err: error, type }, 'a message of another process could not be handled');
    const told = error instanceof ContractViolation || error instanceof TypeError;
    return sendJson(response, 500, { reason: 'fault', message: told ? error.message : 'internal error' });
  }

  async #settled(module: string, asked: URLSearchParams, response: ServerResponse): Promise<void> {
    const { watch } = this.host.feedOf(module);
    const waitMs = Math.min(MAX_WAIT_MS, Number(asked.get('wait')));
    const over = new AbortController();
    const end = () => over.abort();
    const timer = setTimeout(end, waitMs);
    response.once('close', end);
    this.closing.addEventListener('abort', end, { once: true });
    if (waitMs > 0 && !this.closing.aborted) await untilMoved(watch, Number(asked.get('after')), over.signal);
    clearTimeout(timer);
    this.closing.removeEventListener('abort', end);
    return sendJson(response, 200, { settled: watch.settled });
  }

  async #feed(module: string, asked: URLSearchParams, response: ServerResponse): Promise<void> {
    const limit = Math.min(MAX_MESSAGES, Number(asked.get('limit') ?? MAX_MESSAGES));
    const bytes = Math.min(MAX_PAGE_BYTES, Number(asked.get('bytes') ?? MAX_PAGE_BYTES));
    const filter = { streams: asked.getAll('stream'), types: asked.getAll('type') };
    const page = await this.host.feedOf(module).feed.read(Number(asked.get('after')), filter, limit, bytes);
    response.setHeader('x-feed-position', page.upTo);
    return send(response, 200, JSON.stringify(page.messages.map(toCloudEvent)), BATCH_TYPE);
  }

  async #readers({ module, body }: Arrived, response: ServerResponse): Promise<void> {
    const told = readReport(ReaderReport, body);
    if (!told) return sendJson(response, 400, NO_REPORT);
    await report(this.host.database(module).pool, told);
    return sendJson(response, 200, {});
  }

  async #holders({ module, body }: Arrived, response: ServerResponse): Promise<void> {
    const told = readReport(HoldingReport, body);
    if (!told) return sendJson(response, 400, NO_REPORT);
    await noteHolders(this.host.database(module).pool, told);
    return sendJson(response, 200, {});
  }

  async #heard(module: string, asked: URLSearchParams, response: ServerResponse): Promise<void> {
    return sendJson(response, 200, await knownOf(this.host.database(module).pool, asked.getAll('consumer')));
  }

  async #lower({ module, body }: Arrived, response: ServerResponse): Promise<void> {
    const told = readReport(Lowering, body);
    if (!told) return sendJson(response, 400, NO_REPORT);
    await knowLess(this.host.database(module).pool, told.consumers, told.position);
    return sendJson(response, 200, {});
  }

  async #replay({ module, body }: Arrived, response: ServerResponse): Promise<void> {
    const told = readReport(Rehearing, body);
    if (!told) return sendJson(response, 400, NO_REPORT);
    const { consumers: names, from, ...filter } = told;
    const begin = { names, from: from === null ? null : new Date(from), filter };
    return sendJson(response, 200, await beginAgain(this.host.database(module), begin));
  }

  /** The mark tells the front door that it is the module's own answer, and not one of the seam. */
  async #forwarded({ raw, path, client, body }: Arrived, response: ServerResponse): Promise<void> {
    response.setHeader(FORWARDED, '1');
    await this.routes({ raw, url: path.slice(PATHS.http.length), body, client }, response);
  }
}

function readMessage(body: Buffer, module: string): ReturnType<typeof fromWire> | undefined {
  try {
    return fromWire(body.toString(), module);
  } catch {
    return undefined;
  }
}

const NO_REPORT = { reason: 'fault', message: 'It is no report of readers, holders or positions.' };

function readReport<T>(schema: z.ZodType<T>, body: Buffer): T | undefined {
  try {
    return schema.parse(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
}

export const sendJson = (response: ServerResponse, status: number, body: object) =>
  send(response, status, JSON.stringify(body));

function send(response: ServerResponse, status: number, body: string, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}
