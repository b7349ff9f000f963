import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from '../../src/platform/testing/eventually.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import type { CollectedSpan } from './collector.js';
import { runProcess } from './host-process.js';

const VERSION = 'v1.76.0';
const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'];
/** Each listens somewhere; those of queries and of OTLP over HTTP are used. */
const PORTS = [
  'query.http-server',
  'collector.otlp.http',
  'query.grpc-server',
  'collector.otlp.grpc',
  'collector.http-server',
  'collector.grpc-server',
  'admin.http',
] as const;

type Tags = { key: string; value: string | number | boolean }[];
interface Answered {
  spans: {
    traceID: string;
    spanID: string;
    operationName: string;
    references: { refType: string; traceID: string; spanID: string }[];
    startTime: number;
    duration: number;
    tags: Tags;
    processID: string;
  }[];
  processes: Record<string, { serviceName: string; tags: Tags }>;
}

/** An arrow of the dependency graph: spans of `child` below those of `parent`. */
export interface Dependency {
  parent: string;
  child: string;
  callCount: number;
}

/** A Jaeger of the test's own that keeps traces in memory; it ends with the file of tests. */
export class Jaeger {
  private constructor(
    /** Of its query API. */
    readonly url: string,
    private readonly collector: string,
  ) {}

  /** Builds it first, from its Go module, where that was not done before: minutes. @throws Error that says what Go says */
  static async start(): Promise<Jaeger> {
    const program = await built();
    const addresses = (await freePorts(PORTS.length)).map((port) => `127.0.0.1:${port}`);
    const options = PORTS.map((name, at) => `--${name}.host-port=${addresses[at]!}`);
    runProcess(program, ['--log-level=error', ...options], {});
    const jaeger = new Jaeger(`http://${addresses[0]!}`, `http://${addresses[1]!}`);
    const isUp = () =>
      jaeger.#ask('/api/services').then(
        () => true,
        () => false,
      );
    await eventually(isUp, 'Jaeger being ready', 60_000);
    return jaeger;
  }

  /** What processes need to send their traces here, soon. */
  get env() {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.collector,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_METRICS_EXPORTER: 'none',
    };
  }

  async trace(traceId: string): Promise<CollectedSpan[]> {
    const [trace] = (await this.#ask<Answered[]>(`/api/traces/${traceId}`).catch(() => [])) ?? [];
    return trace?.spans.map((span) => spanOf(span, trace.processes[span.processID]!)) ?? [];
  }

  async services(): Promise<string[]> {
    return ((await this.#ask<string[]>('/api/services')) ?? []).sort();
  }

  /** The dependency graph of everything it has. */
  async dependencies(): Promise<Dependency[]> {
    const hour = 3_600_000;
    return (await this.#ask<Dependency[]>(`/api/dependencies?endTs=${Date.now() + hour}&lookback=${24 * hour}`)) ?? [];
  }

  async #ask<T>(path: string): Promise<T | null> {
    const answer = await fetch(`${this.url}${path}`);
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}.`);
    return ((await answer.json()) as { data: T | null }).data;
  }
}

function spanOf(span: Answered['spans'][number], process: Answered['processes'][string]): CollectedSpan {
  const attributes = valuesOf(span.tags);
  const parent = span.references.find(({ refType }) => refType === 'CHILD_OF');
  const start = BigInt(span.startTime) * 1000n;
  return {
    traceId: span.traceID,
    spanId: span.spanID,
    parentId: parent?.spanID ?? '',
    name: span.operationName,
    kind: KINDS.indexOf(String(attributes['span.kind'] ?? 'internal')) + 1,
    start,
    end: start + BigInt(span.duration) * 1000n,
    attributes,
    links: span.references.filter((each) => each !== parent).map(({ spanID }) => spanID),
    status: attributes['otel.status_code'] === 'ERROR' ? 2 : 0,
    resource: { ...valuesOf(process.tags), 'service.name': process.serviceName },
    export: 0,
  };
}

const valuesOf = (tags: Tags) =>
  Object.fromEntries(tags.map(({ key, value }) => [key, typeof value === 'boolean' ? String(value) : value]));

/** The program, without its user interface: that is no part of the Go module. */
async function built(): Promise<string> {
  const folder = resolve('node_modules/.cache', `jaeger-${VERSION}`);
  const program = join(folder, 'all-in-one');
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  const { Dir } = JSON.parse(await go(['mod', 'download', '-json', `github.com/jaegertracing/jaeger@${VERSION}`])) as {
    Dir: string;
  };
  const making = `${program}.${process.pid}`;
  // Its go.mod replaces modules, and so `go install` refuses it.
  await go(['build', '-ldflags', '-s -w', '-o', making, './cmd/all-in-one'], Dir);
  await rename(making, program);
  return program;
}

async function go(args: readonly string[], cwd?: string): Promise<string> {
  const child = spawn('go', args, {
    cwd,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const said = { out: '', wrong: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.wrong += text));
  const code = await new Promise<number | null>((ended, failed) => child.once('close', ended).once('error', failed));
  if (code !== 0) throw new Error(`go ${args.join(' ')}: ${said.out}${said.wrong}`);
  return said.out;
}
