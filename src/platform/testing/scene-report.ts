import { listPutAside } from '../delivery/retry/work-table.js';
import { describeError } from '../messaging/describe-error.js';
import type { Database } from '../transaction/database.js';

/** Lines of each kind that are shown. */
const MAX_LINES = 20;

/** What is known of a scene when a step has waited in vain. */
interface SceneFacts {
  databases: readonly Database[];
  /** The last error of each consumer and handler. */
  failures: ReadonlyMap<string, unknown>;
  /** The names of the messages that the neighbours have received. */
  received: readonly string[];
}

/**
 * Says why what was expected may not have happened: the last error of each consumer, what is parked, which commands were
 * answered with an error, and which messages there are.
 */
export async function sceneReport({ databases, failures, received }: SceneFacts): Promise<string> {
  const parts = [
    section(
      'The last error of each consumer and handler',
      [...failures].map(([who, error]) => `${who}: ${describeError(error)}`),
    ),
    section('Parked', await from(databases, parkedIn)),
    section('Answered with an error', await from(databases, refusalsIn)),
    section('Published', await from(databases, publishedIn)),
    section('Received by neighbours', counted(received)),
  ];
  return parts.join('\n');
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return `${title}: nothing.`;
  const more = lines.length > MAX_LINES ? [`and ${lines.length - MAX_LINES} more`] : [];
  return [`${title}:`, ...[...lines.slice(0, MAX_LINES), ...more].map((line) => `  ${line}`)].join('\n');
}

async function from(databases: readonly Database[], read: (database: Database) => Promise<string[]>) {
  return (await Promise.all(databases.map(read))).flat();
}

async function parkedIn({ pool }: Database): Promise<string[]> {
  const { items } = await listPutAside(pool, MAX_LINES + 1, { consumers: [], pairs: [] });
  return items.map(({ consumer, type, key, state, attempts, waitsFor, lastError }) => {
    const what = state === 'dead' ? 'dead letter' : `waits${waitsFor === null ? '' : ` for ${waitsFor}`}`;
    return `${consumer}: ${type} of ${key}, ${what}, failed attempts: ${attempts}${lastError === null ? '' : `, ${lastError}`}`;
  });
}

/** A durable command that is refused is an answer, and no failure of its consumer. */
async function refusalsIn({ pool }: Database): Promise<string[]> {
  const text = `SELECT type, payload->'error' AS error FROM outbox
                 WHERE type LIKE '%.reply' AND payload->>'ok' = 'false' ORDER BY seq LIMIT $1`;
  const { rows } = await pool.query<{ type: string; error: unknown }>(text, [MAX_LINES + 1]);
  return rows.map(({ type, error }) => `${type.replace(/\.reply$/, '')}: ${JSON.stringify(error)}`);
}

async function publishedIn({ pool }: Database): Promise<string[]> {
  const text = `SELECT type, count(*)::int AS times FROM outbox GROUP BY type ORDER BY min(seq)`;
  const { rows } = await pool.query<{ type: string; times: number }>(text);
  return rows.map(({ type, times }) => `${type} (${times})`);
}

function counted(names: readonly string[]): string[] {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].map(([name, count]) => `${name} (${count})`);
}
