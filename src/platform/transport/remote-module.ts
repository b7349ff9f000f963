import type { IPolicy } from 'cockatiel';
import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel';
import type { MessageContext } from '../messaging/context.js';
import { deepFreeze, definitionOf } from '../messaging/define.js';
import type { MessageDefinition } from '../messaging/define.js';
import type { Outcome, RemoteModule } from '../messaging/dispatcher.js';
import { ContractViolation, Unavailable } from '../messaging/errors.js';
import type { SeamClient } from './seam-client.js';
import { PATHS, toWire, WireOutcome, WireUnavailable } from './wire.js';

/** One attempt is given up after this many milliseconds, or at the deadline of the message if that is sooner. */
const ATTEMPT_MS = 3000;
/** How long callers wait who have no deadline of their own, in milliseconds. */
const PATIENCE_MS = 10_000;
const BREAKER = { failures: 5, halfOpenAfterMs: 2000 };
const BULKHEAD = { running: 64, waiting: 256 };

/**
 * A module in another process, as its callers see it. Attempts that got no answer are repeated with backoff and jitter
 * until the deadline: queries change nothing, and commands carry an idempotency key. A module that does not answer is
 * left alone for a while, and one that is slow cannot take up the whole process.
 */
export class HttpRemoteModule implements RemoteModule {
  readonly #policy: IPolicy;

  constructor(private readonly client: Pick<SeamClient, 'peer' | 'request'>) {
    const noAnswer = handleWhen(
      (error) => error instanceof Unavailable && error.reason !== 'fault' && !(error instanceof TooLate),
    );
    this.#policy = wrap(
      retry(noAnswer, { maxAttempts: 3, backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 1000 }) }),
      circuitBreaker(noAnswer, {
        halfOpenAfter: BREAKER.halfOpenAfterMs,
        breaker: new ConsecutiveBreaker(BREAKER.failures),
      }),
      bulkhead(BULKHEAD.running, BULKHEAD.waiting),
    );
  }

  async ask(context: MessageContext, message: object): Promise<Outcome> {
    const definition = definitionOf(message)!;
    const deadline = context.deadline ?? Date.now() + PATIENCE_MS;
    // A command that is repeated must be recognised: without a key of its caller's its id is the key.
    const key = definition.kind === 'command' ? { key: context.key ?? context.id } : {};
    const sent = { ...context, ...key, deadline };
    try {
      return await this.#policy.execute(() => this.#attempt(sent, definition, message));
    } catch (error) {
      throw this.#known(error);
    }
  }

  async #attempt(context: MessageContext, definition: MessageDefinition, message: object): Promise<Outcome> {
    const left = context.deadline! - Date.now();
    if (left <= 0) throw new TooLate(`${definition.name} did not answer before the deadline.`, 'timeout');
    const body = toWire(context, message);
    const headers = { 'content-type': 'application/json' };
    const answer = await this.client.request('POST', PATHS.messages, body, Math.min(left, ATTEMPT_MS), headers);
    const json: unknown = parse(answer.body);
    if (answer.status === 200) return restored(definition, json);
    throw unavailable(answer.status, definition, json);
  }

  #known(error: unknown): unknown {
    const { module } = this.client.peer;
    if (error instanceof BrokenCircuitError) return new Unavailable(`${module} has not answered lately.`, 'down');
    if (error instanceof BulkheadRejectedError) return new Unavailable(`${module} is too busy.`, 'down');
    return error;
  }
}

/** Nobody waits any more: no reason to ask again, and no fault of the module. */
class TooLate extends Unavailable {}

/** Both sides check: they may be of different versions. */
function restored(definition: MessageDefinition, json: unknown): Outcome {
  const outcome: Outcome = WireOutcome.parse(json);
  if (!outcome.ok || !definition.result) return deepFreeze(outcome);
  const result = definition.result.safeParse(outcome.result);
  if (result.success) return { ok: true, result: deepFreeze(result.data) };
  throw new ContractViolation(
    `${definition.name} was answered by a version with another contract: ${result.error.message}`,
  );
}

function unavailable(status: number, { name }: MessageDefinition, json: unknown): Error {
  const known = WireUnavailable.safeParse(json);
  if (known.success) return new Unavailable(known.data.message, known.data.reason);
  if (status === 401) return new ContractViolation(`${name} was refused: the processes do not share SEAM_SECRET.`);
  return new Unavailable(`${name} was answered with the status ${status}.`, 'fault');
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
