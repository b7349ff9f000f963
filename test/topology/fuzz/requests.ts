import type { Random, Schema } from './values.js';
import { hostile, pick, Values } from './values.js';
import { BODIES, FRAMES } from './bodies.js';
import { ENCODINGS, HEADERS, METHODS, SPELLINGS, TYPES } from './hostile.js';

interface Operation {
  parameters?: { in: string; name: string; required?: boolean; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** What is read of an OpenAPI document. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface FuzzRequest {
  /** As in the document: `GET /v1/things/{id}`. */
  operation: string;
  bytes: Buffer;
  /** Its answer has no body. */
  head: boolean;
  /** It ends before it is complete: there need be no answer. */
  broken: boolean;
}

type Route = [method: string, path: string, operation: Operation];

/** Paths that no document names. */
const UNDOCUMENTED = ['/metrics', '/_ops/deliveries', '/_ops/sagas', '/_dev', '/_dev/traces', '/docs', '/openapi.json'];

/** Makes requests for every route of a document: some that fit, most with something wrong about them. */
export class Requests {
  readonly #routes: Route[];

  /**
   * @param known values of the fields and parameters of these names
   * @param tokens bearer tokens that are good
   */
  constructor(
    private readonly document: OpenApi,
    private readonly known: Readonly<Record<string, readonly string[]>>,
    private readonly tokens: readonly string[],
  ) {
    this.#routes = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]): Route => [method.toUpperCase(), path, operation]),
    );
    for (const path of UNDOCUMENTED) this.#routes.push(['GET', path, {}]);
  }

  /** The operations that the document has. */
  get operations(): string[] {
    return this.#routes.flatMap(([method, path]) => (UNDOCUMENTED.includes(path) ? [] : [`${method} ${path}`]));
  }

  /** @param random decides everything about it */
  next(random: Random): FuzzRequest {
    const [declared, path, operation] = pick(random, this.#routes);
    // A third of them fit, so that what lies behind the checks is reached as well.
    const spice = pick(random, [0, 0, 0.05, 0.2, 0.5]);
    const odd = (chance: number) => spice > 0 && random() < chance;
    const values = new Values(this.document.components.schemas, this.known, random);
    const method = odd(0.12) ? pick(random, METHODS) : declared;
    const target = this.#target(path, operation, values, spice, random);
    const lines = [...this.#headers(operation, values, spice, random), ...(odd(0.5) ? [pick(random, HEADERS)] : [])];
    const content = bodyOf(operation, values, spice, random);
    const type = content && `Content-Type: ${odd(0.2) ? pick(random, TYPES) : 'application/json'}`;
    const frame = content && (odd(0.2) ? pick(random, FRAMES) : FRAMES[0]!);
    const framed = frame ? frame(content) : { head: [], body: Buffer.alloc(0) };
    const version = odd(0.03) ? pick(random, ['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', '']) : 'HTTP/1.1';
    const head = [`${method} ${target} ${version}`, 'Host: x', 'Connection: close', ...lines, type, ...framed.head];
    // As UTF-8, which is what hostile clients send: the parser reads octets.
    const bytes = Buffer.concat([Buffer.from(`${head.filter(Boolean).join('\r\n')}\r\n\r\n`), framed.body]);
    return { operation: `${declared} ${path}`, bytes, head: method === 'HEAD', broken: framed.broken ?? false };
  }

  #target(path: string, { parameters = [] }: Operation, values: Values, spice: number, random: Random): string {
    const encoded = (value: unknown) => (random() < spice ? pick(random, ENCODINGS) : ENCODINGS[0]!)(textOf(value));
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const parameter = parameters.find((each) => each.in === 'path' && each.name === name);
      return encoded(values.of(parameter?.schema ?? {}, name, spice));
    });
    const asked = parameters.filter((each) => each.in === 'query' && (each.required || random() < 0.4));
    const query = asked.map(({ name, schema }) => `${name}=${encoded(values.of(schema ?? {}, name, spice))}`);
    if (random() < spice)
      query.push(`${pick(random, ['limit', 'limit[]', '__proto__', '', 'x'])}=${encoded(hostile(random))}`);
    const whole = query.length > 0 ? `${filled}?${query.join('&')}` : filled;
    return random() < spice / 2 ? pick(random, SPELLINGS)(whole) : whole;
  }

  #headers({ parameters = [] }: Operation, values: Values, spice: number, random: Random): string[] {
    const declared = parameters.filter((each) => each.in === 'header' && (each.required || random() < 0.1));
    const own = declared.map(({ name, schema }) => `${name}: ${oneLine(values.of(schema ?? {}, name, spice))}`);
    const token = random() < spice / 3 ? pick(random, ['', 'x', 'a.b.c', 'é']) : pick(random, this.tokens);
    return random() < 0.05 ? own : [`Authorization: Bearer ${token}`, ...own];
  }
}

function bodyOf({ requestBody }: Operation, values: Values, spice: number, random: Random): Buffer | undefined {
  const schema = requestBody && Object.values(requestBody.content)[0]!.schema;
  if (!schema) return random() < spice / 2 ? pick(random, BODIES) : undefined;
  if (random() < spice / 2) return pick(random, BODIES);
  return Buffer.from(JSON.stringify(values.of(schema, 'body', spice)) ?? '');
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
/** A line break would begin another header; the others are for the parser to refuse. */
const oneLine = (value: unknown) => textOf(value).replace(/[\r\n]/g, ' ');
