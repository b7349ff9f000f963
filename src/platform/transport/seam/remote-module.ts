import type { MessageContext } from '../../messaging/context/context.js';
import { deepFreeze, definitionOf } from '../../messaging/define.js';
import type { MessageDefinition } from '../../messaging/define.js';
import type { CommandResult, RemoteModule } from '../../messaging/dispatcher.js';
import { ContractViolation, Unavailable } from '../../messaging/errors.js';
import { asking } from '../../observability/seam-spans.js';
import { inOwnSpan } from '../../observability/spans.js';
import type { SeamClient } from './seam-client.js';
import { PATHS, toWire, unanswered, WireOutcome } from './wire.js';

/** One attempt is given up after this many milliseconds, or at the deadline of the message if that is sooner. */
const ATTEMPT_MS = 3000;
/** How long callers wait who have no deadline of their own, in milliseconds. */
const CALL_TIMEOUT_MS = 10_000;
const HEADERS = { 'content-type': 'application/json' };

/**
 * A module in another process, as its callers see it. Attempts that got no answer are repeated until the deadline:
 * queries change nothing, and commands carry an idempotency key.
 */
export class HttpRemoteModule implements RemoteModule {
  constructor(private readonly client: Pick<SeamClient, 'peer' | 'policy' | 'request'>) {}

  ask(context: MessageContext, message: object): Promise<CommandResult> {
    const definition = definitionOf(message)!;
    const deadline = context.deadline ?? Date.now() + CALL_TIMEOUT_MS;
    // A command that is repeated must be recognised: without a key of its caller's its id is the key, while he waits.
    const own = { key: context.id, repeatedBy: 'client' } as const;
    const sent = { ...context, ...(definition.kind === 'command' && !context.key && own), deadline };
    const { module, url } = this.client.peer;
    const spec = () => asking(context, module, url);
    return this.client.policy.message(deadline, (left) =>
      inOwnSpan(sent, spec, (own) => this.#attempt(own, definition, message, left)),
    );
  }

  async #attempt(context: MessageContext, definition: MessageDefinition, message: object, left: number) {
    const body = toWire(context, message);
    const answer = await this.client.request('POST', PATHS.messages, body, Math.min(left, ATTEMPT_MS), HEADERS);
    if (answer.status !== 200) throw unanswered(definition.name, answer);
    return restored(definition, answer.body);
  }
}

/** Both sides check: they may be of different versions. */
function restored(definition: MessageDefinition, body: Buffer): CommandResult {
  const outcome = outcomeIn(definition, body);
  if (!outcome.ok || !definition.result) return deepFreeze(outcome);
  const result = definition.result.safeParse(outcome.result);
  if (result.success) return { ok: true, result: deepFreeze(result.data) };
  throw new ContractViolation(
    'LIFTOUT_CONTRACT_MISMATCH',
    `${definition.name} was answered by a version with another contract: ${result.error.message}`,
  );
}

function outcomeIn({ name }: MessageDefinition, body: Buffer): CommandResult {
  try {
    return WireOutcome.parse(JSON.parse(body.toString()));
  } catch (cause) {
    throw new Unavailable(`${name} was answered with something that is no answer.`, 'fault', { cause });
  }
}
