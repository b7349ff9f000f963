/** One statement on its way to PostgreSQL, and what is known of the transaction it belongs to. */
export interface Statement {
  /** Of a prepared statement; empty for others. */
  name: string;
  text: string;
  /** What the transaction is for; `undefined` outside of any. */
  within: Purpose | undefined;
  /** How many effects the transaction has written, with this one. */
  effects: number;
}

export type Purpose = 'command' | 'batch' | 'retry' | 'timeout';

/** Just before the statement is sent; when it was sent and not answered; when it was answered and nobody has heard of it. */
export type Moment = 'before' | 'sent' | 'after';
export const MOMENTS: readonly Moment[] = ['before', 'sent', 'after'];

export interface Point {
  matches(statement: Statement): boolean;
  /** The statement it happens at is one of the first so many that match: it comes in every run. */
  among: number;
  /** What the dead process leaves behind is held by a lease, which is waited for. */
  leased?: true;
}

const named = (name: string, among: number, within?: Purpose): Point => ({
  matches: (statement) => statement.name === name && (!within || statement.within === within),
  among,
});
/** One row and several are written by different statements. */
const said = (within: Purpose, among: number): Point => ({
  matches: (statement) => statement.name.startsWith('outbox-append') && statement.within === within,
  among,
});
const commitOf = (within: Purpose, among: number): Point => ({
  matches: (statement) => statement.text === 'COMMIT' && statement.within === within,
  among,
});
const text = (pattern: RegExp, among: number): Point => ({
  matches: (statement) => pattern.test(statement.text),
  among,
});
const effect = /^INSERT INTO effect/;

/** Every step between "the state is written" and "the progress is committed", by a name for people. */
export const POINTS: Readonly<Record<string, Point>> = {
  'command: outcome noted': named('outcome-note', 30),
  'command: outbox written': said('command', 30),
  'command: COMMIT': commitOf('command', 30),
  'wake-up: NOTIFY': named('watch-look-and-tell', 5),
  'feed: look at the outbox': { matches: ({ name }) => name.startsWith('watch-look'), among: 12 },
  'feed: read': { matches: ({ name }) => name === 'watch-rows' || name === 'feed-read', among: 12 },
  'batch: progress taken': named('progress-take', 10),
  'batch: first effect': { matches: (s) => effect.test(s.text) && s.within === 'batch' && s.effects === 1, among: 5 },
  'batch: later effect': { matches: (s) => effect.test(s.text) && s.within === 'batch' && s.effects > 1, among: 40 },
  'batch: outbox written': said('batch', 4),
  'batch: COMMIT': commitOf('batch', 8),
  'retry: message put aside': named('park', 6),
  'retry: message locked': named('parked-lock', 4),
  'retry: message settled': named('parked-settle', 2, 'retry'),
  'retry: COMMIT': commitOf('retry', 2),
  'outside: message leased': { ...named('parked-lease', 8), leased: true },
  'outside: call': { ...text(/^INSERT INTO outside\.call/, 12), leased: true },
  'outside: message settled': {
    matches: ({ name, within }) => name === 'parked-settle' && !within,
    among: 12,
    leased: true,
  },
  'saga: begun': named('saga-insert', 3),
  'saga: saved': named('saga-save', 8),
  'saga: timeout taken': named('saga-timed-out', 2),
  'saga: timeout COMMIT': commitOf('timeout', 2),
};
