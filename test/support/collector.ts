import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterwards } from './stage.js';

/** A span as it arrives at a collector. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentId: string;
  name: string;
  kind: number;
  /** Nanoseconds since the epoch. */
  start: bigint;
  end: bigint;
  attributes: Record<string, string | number>;
  links: string[];
  /** 2 for an error. */
  status: number;
  /** Attributes of who reports it. */
  resource: Record<string, string | number>;
  /** Of the export that brought it: the first is 0. */
  export: number;
}

/** A collector that keeps what it is sent by OTLP over HTTP. */
export class Collector {
  readonly spans: CollectedSpan[] = [];
  #exports = 0;

  private constructor(readonly url: string) {}

  static async start(): Promise<Collector> {
    let collector: Collector | undefined;
    const server = createServer((request, response) => void collector!.#take(request, response));
    server.listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    collector = new Collector(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    afterwards(async () => {
      server.closeAllConnections();
      server.close();
    });
    return collector;
  }

  /** What processes need to send their traces here, soon. */
  get env() {
    return { OTEL_EXPORTER_OTLP_ENDPOINT: this.url, OTEL_BSP_SCHEDULE_DELAY: '50', OTEL_METRICS_EXPORTER: 'none' };
  }

  trace(traceId: string): CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (request.url === '/v1/traces') this.spans.push(...spansIn(Buffer.concat(parts), this.#exports++));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }
}

/** @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
function spansIn(request: Buffer, nth: number): CollectedSpan[] {
  return all(read(request), 1)
    .map(read)
    .flatMap((ofResource) => {
      const resource = Object.fromEntries(all(read(all(ofResource, 1)[0]!), 1).map(attributeOf));
      const spans = all(ofResource, 2).flatMap((scope) => all(read(scope), 2));
      return spans.map((span) => ({ ...spanOf(span), resource, export: nth }));
    });
}

function spanOf(bytes: Buffer): Omit<CollectedSpan, 'resource' | 'export'> {
  const span = read(bytes);
  const hex = (field: number) => (all(span, field)[0] ?? Buffer.alloc(0)).toString('hex');
  const time = (field: number) => span.get(field)![0] as bigint;
  const status = all(span, 15)[0];
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentId: hex(4),
    name: all(span, 5)[0]!.toString(),
    kind: Number(span.get(6)?.[0] ?? 0),
    start: time(7),
    end: time(8),
    attributes: Object.fromEntries(all(span, 9).map(attributeOf)),
    links: all(span, 13).map((link) => all(read(link), 2)[0]!.toString('hex')),
    status: status ? Number(read(status).get(3)?.[0] ?? 0) : 0,
  };
}

function attributeOf(bytes: Buffer): [string, string | number] {
  const attribute = read(bytes);
  const value = read(all(attribute, 2)[0]!);
  const text = all(value, 1)[0]?.toString();
  return [all(attribute, 1)[0]!.toString(), text ?? Number(value.get(3)?.[0] ?? value.get(2)?.[0])];
}

type Fields = Map<number, (bigint | Buffer)[]>;
const all = (fields: Fields, field: number) => (fields.get(field) ?? []) as Buffer[];

/** The fields of one protobuf message, by number. */
function read(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const value =
      wire === 0 ? varint() : wire === 1 ? take(8).readBigUInt64LE() : take(wire === 2 ? Number(varint()) : 4);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}
