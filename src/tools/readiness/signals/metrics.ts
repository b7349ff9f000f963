import { z } from 'zod';
import { fail } from '../../lib/cli.js';
import { isUrl, textAt, textOfFile } from './source.js';

const FLAG = '--metrics';
const REQUESTS = 'http_server_request_duration_seconds_count';
/** Named by the semantic conventions of OpenTelemetry. */
const [METHOD, ROUTE, STATUS] = ['http_request_method', 'http_route', 'http_response_status_code'];
const SEAM = 'liftout_seam_duration_seconds_count';
const DAYS = 7;

/** A number with its labels. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** `POST /v1/orders` */
export const routeOf = (labels: Sample['labels']): string => `${labels[METHOD]} ${labels[ROUTE]}`;

/** What processes have counted. */
export interface Measured {
  /** `of the last 7 days`, for the evidence. */
  period: string;
  /** By route, see {@link routeOf}, and status. */
  requests: readonly Sample[];
  /** By `from`, `to`, `kind` and `outcome`. */
  seams: readonly Sample[];
  /** The busiest five minutes of each route against its mean, in requests a second; absent where one moment was read. */
  peaks?: readonly (Sample & { mean: number })[];
}

/**
 * Reads what was counted: from the HTTP API of Prometheus, or from one `/metrics`, at an address or in a file.
 *
 * @throws UsageError when it is neither
 */
export async function readMetrics(source: string): Promise<Measured> {
  if (!isUrl(source)) return fromText(await textOfFile(FLAG, source), source);
  if (/\/metrics\/?$/.test(new URL(source).pathname)) return fromText(await textAt(FLAG, source), source);
  const base = source.replace(/\/$/, '');
  const sum = (name: string, labels: string) => query(base, `sum by (${labels}) (increase(${name}[${DAYS}d]))`);
  const rate = `sum by (${METHOD}, ${ROUTE}) (rate(${REQUESTS}[5m]))`;
  const [requests, seams, highest, mean] = await Promise.all([
    sum(REQUESTS, `${METHOD}, ${ROUTE}, ${STATUS}`),
    sum(SEAM, 'from, to, kind, outcome'),
    query(base, `max_over_time((${rate})[${DAYS}d:5m])`),
    query(base, `avg_over_time((${rate})[${DAYS}d:5m])`),
  ]);
  const meanOf = new Map(mean.map(({ labels, value }) => [routeOf(labels), value]));
  const peaks = highest.map(({ labels, value }) => {
    return { labels, value, mean: meanOf.get(routeOf(labels)) ?? 0 };
  });
  return { period: `of the last ${DAYS} days, ${base}`, requests, seams, peaks };
}

const LINE = /^(\w+)\{([^}]*)\}\s+([\d.eE+-]+|NaN)/;

function fromText(text: string, source: string): Measured {
  const samples = text.split('\n').flatMap((line) => {
    const [, name, labels, value] = LINE.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: labelsOf(labels!), value: Number(value) }];
  });
  const named = (name: string) => samples.filter((each) => each.name === name);
  if (!/^# (?:TYPE|HELP) /m.test(text)) fail(`${FLAG}: ${source} is no text of Prometheus. Expected that of /metrics.`);
  return { period: `since its process began, ${source}`, requests: named(REQUESTS), seams: named(SEAM) };
}

const labelsOf = (text: string) =>
  Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name!, value!]));

const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

async function query(base: string, text: string): Promise<Sample[]> {
  const answer = await textAt(FLAG, `${base}/api/v1/query?${new URLSearchParams({ query: text }).toString()}`);
  try {
    const { result } = Answer.parse(JSON.parse(answer)).data;
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  } catch {
    return fail(`${FLAG}: ${base} is not the HTTP API of Prometheus. Expected its address, or that of one /metrics.`);
  }
}
