import { DomainError, RetryLater, Unavailable } from '../messaging/errors.js';

/**
 * How a message over a seam ended: `ok`, `ignored` as of no concern, `refused` with an error of its contract, put off, or
 * without an answer.
 */
type CallOutcome = 'ok' | 'ignored' | 'refused' | 'later' | 'timeout' | 'down' | 'fault';

/** One message over one seam, as its sender or consumer saw it. */
export interface SeamCall {
  /** The module that sends it, `http` for the public routes. */
  from: string;
  to: string;
  /** Wire name. */
  message: string;
  kind: 'command' | 'query' | 'event' | 'reply';
  ending: CallOutcome;
  /** Milliseconds until it was answered or handled. */
  ms: number;
  /** Of a stored message: milliseconds since it was said. */
  ageMs?: number;
}

type Listener = (crossing: SeamCall) => void;
let listeners: readonly Listener[] = [];

/** Tells `listener` of every message over a seam of this process. @returns a function that ends it */
export function onCrossing(listener: Listener): () => void {
  listeners = [...listeners, listener];
  return () => void (listeners = listeners.filter((each) => each !== listener));
}

type CallInfo = Omit<SeamCall, 'ending' | 'ms'>;

/** Does `work`, and tells how it ended, for each message of a batch. Costs nothing while nobody listens. */
export function crossing<T>(
  what: () => CallInfo | CallInfo[],
  work: () => Promise<T>,
  endingOf: (result: T) => CallOutcome = () => 'ok',
): Promise<T> {
  return listeners.length === 0 ? work() : told(what, work, endingOf);
}

async function told<T>(
  what: () => CallInfo | CallInfo[],
  work: () => Promise<T>,
  endingOf: (result: T) => CallOutcome,
): Promise<T> {
  const began = performance.now();
  const record = (ending: CallOutcome) => {
    const ms = performance.now() - began;
    for (const each of [what()].flat()) for (const listener of listeners) listener({ ...each, ending, ms });
  };
  try {
    const result = await work();
    record(endingOf(result));
    return result;
  } catch (error) {
    record(endingOfError(error));
    throw error;
  }
}

function endingOfError(error: unknown): CallOutcome {
  if (error instanceof DomainError) return 'refused';
  if (error instanceof RetryLater) return 'later';
  return error instanceof Unavailable ? error.reason : 'fault';
}
