import type { Lag } from '../platform/delivery/maintenance/lag.js';
import type { Rewound } from '../platform/delivery/checkpoint/start-guard.js';
import { whyRewound } from '../platform/delivery/checkpoint/start-guard.js';
import type { RetryEntry, RetryEntryDetail } from '../platform/delivery/retry/work-table.js';
import type { OperatorAction } from '../platform/operations/actions.js';
import type { Deliveries } from '../platform/operations/deliveries.js';
import type { GoneConsumer } from '../platform/operations/gone-consumers.js';
import type { SilentModule } from '../platform/operations/silent-modules.js';
import { brief, span, table } from './lib/table.js';

/** The messages that were put aside, as a table. */
export function listLines({ items, total }: { items: readonly RetryEntry[]; total: number }): string {
  if (total === 0) return 'Everything that was read is delivered.\n';
  const head = ['ID', 'CONSUMER', 'TYPE', 'KEY', 'STATE', 'ATTEMPTS', 'AGE', 'NEXT', 'LAST ERROR'];
  const rest = total > items.length ? `… and ${total - items.length} more\n` : '';
  return table(head, items.map(rowOf)) + rest;
}

function rowOf(item: RetryEntry): string[] {
  const { id, consumer, type, key, state, attempts, ageMs, lastError } = item;
  return [id, consumer, type, key, state, String(attempts), span(ageMs), nextOf(item), brief(lastError ?? '–', 100)];
}

function nextOf({ state, waitsFor, dueInMs }: RetryEntry): string {
  if (state === 'dead') return 'a person';
  if (dueInMs === null) return brief(waitsFor ?? 'its turn', 60);
  const time = dueInMs <= 0 ? 'now' : `in ${span(dueInMs)}`;
  return waitsFor ? `${time}: ${brief(waitsFor, 60)}` : time;
}

/** One message with everything that is known of it. */
export function showLines({ message, errors, parkedAt, ...item }: RetryEntryDetail): string {
  const { payload, headers, ...rest } = message;
  const failures = errors.map(({ at, attempt, error }) => `  ${at}  attempt ${attempt}: ${error}`);
  const lines = [
    `${item.id}  ${item.type}`,
    `consumer   ${item.consumer}`,
    `key        ${item.key}`,
    `state      ${item.state}, ${item.attempts} failed attempts; next: ${nextOf(item)}`,
    `said       ${rest.created_at}, ${span(item.ageMs)} ago, by ${rest.producer} as its number ${rest.seq}`,
    `message    ${rest.id}`,
    `put aside  ${parkedAt}`,
    `cause      ${item.cause ?? '–'}${item.frame ? `, at ${item.frame}` : ''}`,
    `headers    ${JSON.stringify(headers)}`,
    `payload    ${JSON.stringify(payload)}`,
    'errors',
    ...(failures.length > 0 ? failures : ['  none']),
  ];
  return `${lines.join('\n')}\n`;
}

/** Dead letters by what went wrong, as a table. */
export function causeLines(causes: Awaited<ReturnType<Deliveries['causes']>>): string {
  if (causes.length === 0) return 'There are no dead letters.\n';
  const rows = causes.map((each) => [
    each.cause ?? 'unknown',
    String(each.count),
    span(each.oldestMs),
    span(each.newestMs),
    each.consumers.join(', '),
    each.frame ?? '–',
    brief(each.error ?? '–', 100),
  ]);
  return table(['CAUSE', 'COUNT', 'OLDEST', 'NEWEST', 'CONSUMERS', 'AT', 'LATEST ERROR'], rows);
}

/** What was done by people, as a table. */
export function actionLines(actions: readonly OperatorAction[]): string {
  if (actions.length === 0) return 'Nothing was done by anybody.\n';
  const rows = actions.map(({ at, module, by, action, what, reason }) => [
    at,
    module,
    by,
    action,
    what,
    brief(reason, 200),
  ]);
  return table(['WHEN', 'MODULE', 'BY', 'ACTION', 'WHAT', 'REASON'], rows);
}

/** What a person has to see to. */
export interface Notes {
  /** For whom something is kept that may never be asked for. */
  gone: readonly GoneConsumer[];
  silent: readonly SilentModule[];
  /** What does not start. */
  rewound: readonly Rewound[];
}

/** How far every consumer is behind, and what a person has to see to. */
export function lagLines(lags: readonly Lag[], { gone, silent, rewound }: Notes): string {
  const rows = lags.map(({ consumer, producer, waiting, oldestMs }) => [
    consumer,
    producer,
    waiting === null ? 'not known here' : String(waiting),
    oldestMs === null ? '–' : span(oldestMs),
  ]);
  const stops = rewound.map((each) => `${whyRewound(each)}\n`);
  const silences = silent.map(
    ({ module, silentMs }) =>
      `${module} has not reported for ${span(silentMs)}; what its messages may repeat is remembered. If it will never run ` +
      `again: npm run deliveries -- forget ${module}\n`,
  );
  const lines = [...stops, ...gone.map(goneLine), ...silences];
  return table(['CONSUMER', 'PRODUCER', 'WAITING', 'OLDEST'], rows) + lines.join('');
}

/** A consumer of another repository is known by its reports alone: a module that is stopped for a while is not gone. */
function goneLine({ consumer, producers, silentMs }: GoneConsumer): string {
  const kept = `what ${producers.join(' and ')} said is kept for it.`;
  const stop = `npm run deliveries -- forget ${consumer}\n`;
  if (silentMs === undefined) return `${consumer} is declared nowhere any more; ${kept} Stop that with: ${stop}`;
  const silence = `its module, of another repository, has not reported for ${span(silentMs)}`;
  return `${consumer} is not declared here, and ${silence}; ${kept} If it will never run again: ${stop}`;
}
