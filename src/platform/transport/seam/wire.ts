import { z } from 'zod';
import type { MessageContext } from '../../messaging/context/context.js';
import type { CommandResult } from '../../messaging/dispatcher.js';
import { ContractViolation, Unavailable } from '../../messaging/errors.js';
import { ROLES } from '../../http/auth/roles.js';

/** The paths of the internal listener. */
export const PATHS = { messages: '/seam/v1/messages', feeds: '/seam/v1/feeds', http: '/seam/v1/http' } as const;

/** Marks a request that has come over a seam, and its answer; of no consequence when a client sets it. */
export const FORWARDED = 'x-seam-forwarded';

/** As in a user's token. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

const Context = z.object({
  id: z.uuid(),
  type: z.string(),
  correlationId: z.string().max(200),
  causationId: z.string().optional(),
  traceparent: z.string(),
  actor: z.object({ sub: z.string().regex(SUBJECT), role: z.enum([...ROLES, 'anonymous', 'system']) }),
  key: z.string().optional(),
  /** Versions before 0.2 know neither of the two; what a later one may say here is no reason to refuse the message. */
  repeatedBy: z.enum(['client', 'message']).optional().catch(undefined),
  former: z.object({ parent: z.string(), position: z.int(), nth: z.int() }).optional().catch(undefined),
  /** Milliseconds that the caller goes on waiting: a span, since the clocks of two hosts differ. */
  remainingMs: z.number().optional(),
});

/** Its message checks, and copies, the rest. */
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A command or query as it crosses from one process to another. */
const WireMessage = z.object({ context: Context, payload: z.custom<object>(isObject) });

const Failure = z.object({
  kind: z.enum(['invalid', 'not_found', 'conflict', 'forbidden']),
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});

export const WireOutcome = z.union([
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error: Failure }),
]);

/** There was no answer: the status is 503, or 500 for a fault of the handler. */
const WireUnavailable = z.object({ reason: z.enum(['fault', 'timeout', 'down']), message: z.string() });

export function toWire(context: MessageContext, message: object): string {
  const { id, type, correlationId, causationId, traceparent, actor, key, repeatedBy, former, deadline } = context;
  const remainingMs = deadline && deadline - Date.now();
  const told = { id, type, correlationId, causationId, traceparent, actor, key, repeatedBy, former, remainingMs };
  return JSON.stringify({ context: told, payload: message });
}

export function fromWire(body: string, module: string): { context: MessageContext; payload: object } {
  const { context, payload } = WireMessage.parse(JSON.parse(body));
  const { remainingMs, ...rest } = context;
  const deadline = remainingMs === undefined ? {} : { deadline: Date.now() + remainingMs };
  return { context: { ...rest, ...deadline, module }, payload };
}

export const outcomeBody = (outcome: CommandResult) =>
  JSON.stringify(outcome.ok ? { ok: true, result: outcome.result ?? null } : outcome);

/** Why a request over the seam has not got the answer that was asked for. */
export function unanswered(what: string, { status, body }: { status: number; body: Buffer }): Error {
  const known = WireUnavailable.safeParse(parsed(body));
  if (known.success) return new Unavailable(known.data.message, known.data.reason);
  if (status === 401) return new ContractViolation('LIFTOUT_SEAM_REFUSED', `${what} was refused: ${REFUSED}`);
  // Said by something in between, as by a balancer with nobody behind it.
  const away = status >= 502 && status <= 504;
  return new Unavailable(`${what} was answered with the status ${status}.`, away ? 'down' : 'fault');
}

const REFUSED =
  'the processes do not share SEAM_SECRET, their clocks differ by more than five seconds, or the module does not run there. The log of the other process says which.';

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
