import pg from 'pg';
import type { Moment, Purpose, Statement } from './points.js';
import { POINTS } from './points.js';

/** What happens to this process or its connection, and at which statement. */
export interface Strike {
  point: string;
  moment: Moment;
  /** At the n-th statement that matches. */
  n: number;
  /** `kill`: SIGKILL to this process. `cut`: its end of the connection is closed. */
  act: 'kill' | 'cut';
}

type Query = (this: pg.Client, ...args: unknown[]) => unknown;

let armed: (Strike & { left: number; done: () => void }) | undefined;
const transactions = new WeakMap<pg.Client, { within: Purpose; effects: number }>();

/** Arms a strike; `done` is called when it was carried out, for a process that survives it. */
export function arm(strike: Strike, done: () => void): void {
  armed = { ...strike, left: strike.n, done };
}

export function disarm(): void {
  armed = undefined;
}

/** The product has no hooks for this: what is struck at is what the driver is asked to send. */
const prototype = pg.Client.prototype as unknown as { query: Query };
const original = prototype.query;
prototype.query = function (...args) {
  const statement = note(this, args[0]);
  if (!armed || !statement || !POINTS[armed.point]!.matches(statement) || --armed.left > 0)
    return original.apply(this, args);
  const strike = armed;
  armed = undefined;
  return struck(this, args, strike);
};

function struck(client: pg.Client, args: unknown[], strike: Strike & { done: () => void }): unknown {
  const hit = () => {
    if (strike.act === 'kill') process.kill(process.pid, 'SIGKILL');
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    strike.done();
  };
  if (strike.moment === 'before') hit();
  if (strike.moment === 'after') return answered(client, args, hit);
  const result = original.apply(client, args);
  // The driver writes at once, or at the end of this turn; no answer is looked at before that.
  if (strike.moment === 'sent') setImmediate(hit);
  return result;
}

/** Strikes when the answer has come, before anybody else has heard of it. */
function answered(client: pg.Client, args: unknown[], hit: () => void): unknown {
  const callback = args.at(-1);
  if (typeof callback === 'function') {
    const first = (...answer: unknown[]) => {
      hit();
      callback(...answer);
    };
    return original.apply(client, [...args.slice(0, -1), first]);
  }
  const result = original.apply(client, args) as Promise<unknown>;
  result.then(hit, hit);
  return result;
}

const PURPOSES: Readonly<Record<string, Purpose>> = {
  'progress-take': 'batch',
  'parked-lock': 'retry',
  'saga-timed-out': 'timeout',
};

function note(client: pg.Client, query: unknown): Statement | undefined {
  const config = typeof query === 'string' ? { text: query } : (query as { name?: string; text?: string });
  if (typeof config?.text !== 'string') return undefined;
  const { name = '', text } = config;
  if (text === 'BEGIN') transactions.set(client, { within: 'command', effects: 0 });
  const transaction = transactions.get(client);
  if (transaction && PURPOSES[name]) transaction.within = PURPOSES[name];
  if (transaction && text.startsWith('INSERT INTO effect')) transaction.effects++;
  if (text === 'COMMIT' || text === 'ROLLBACK') transactions.delete(client);
  return { name, text, within: transaction?.within, effects: transaction?.effects ?? 0 };
}
