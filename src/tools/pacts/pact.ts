import type { MessageClass, MessageDefinition } from '../../platform/messaging/define.js';
import type { CommandResult } from '../../platform/messaging/dispatcher.js';
import type { Expectation } from '../../platform/testing/index.js';
import type { Matched, Needed } from './matchers.js';
import { isNeeded, matched, rule } from './matchers.js';
import { steady } from './steady.js';

/** What comes before the name of a command or query in a pact. */
export const PATH = '/seam/v1/messages/';
/** What comes behind the name of a module that is the provider of messages: one file holds either HTTP or messages. */
export const MESSAGES = '-messages';

interface Body {
  readonly content: unknown;
  readonly contentType: 'application/json';
  readonly encoded: false;
}

/** One expectation, as version 4 of the specification of Pact has it. */
interface Interaction {
  readonly type: 'Synchronous/HTTP' | 'Asynchronous/Messages';
  readonly description: string;
  readonly pending: false;
  readonly providerStates: readonly { readonly name: string; readonly params: Record<string, unknown> }[];
  readonly request?: { method: 'POST'; path: string; headers: Record<string, string[]>; body: Body };
  readonly response?: { status: 200; headers: Record<string, string[]>; body: Body; matchingRules: object };
  readonly contents?: Body;
  readonly metadata?: object;
  readonly matchingRules?: object;
}

export interface Pact {
  readonly consumer: { readonly name: string };
  readonly provider: { readonly name: string };
  readonly interactions: readonly Interaction[];
  readonly metadata: object;
}

/** A message that a consumer knows, and what it needs of it. */
export interface Known {
  readonly type: MessageClass;
  readonly needed: Needed;
}

const JSON_TYPE = 'application/json';
const HEADERS = { 'Content-Type': [JSON_TYPE] };

/**
 * The pacts that follow from what specs have scripted. Pure: the same expectations, in whatever order and however often,
 * give the same pacts.
 *
 * @param known looks up a message as a consumer knows it; `undefined` where there is no such message
 */
export function pactsOf(
  expectations: readonly Expectation[],
  known: (consumer: string, message: string) => Known | undefined,
): Pact[] {
  const pacts = new Map<string, { consumer: string; provider: string; interactions: Map<string, Interaction> }>();
  for (const expectation of expectations) {
    const { consumer, type, how } = expectation;
    const message = known(consumer, type);
    if (!message) continue;
    const provider = `${message.type.definition.module}${how === 'asked' ? '' : MESSAGES}`;
    const key = `${consumer}-${provider}`;
    const pact = pacts.get(key) ?? { consumer, provider, interactions: new Map<string, Interaction>() };
    pacts.set(key, pact);
    const interaction = interactionOf(expectation, message);
    // Whoever needs less expects the same of more.
    pact.interactions.set(keyOf(interaction), interaction);
  }
  const sorted = [...pacts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, { consumer, provider, interactions }]) => ({
    consumer: { name: consumer },
    provider: { name: provider },
    interactions: [...interactions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, interaction]) => interaction),
    metadata: { pactSpecification: { version: '4.0' } },
  }));
}

const keyOf = ({ description, providerStates }: Interaction) => JSON.stringify([description, providerStates]);

function interactionOf({ how, type, payload, outcome }: Expectation, { type: message, needed }: Known): Interaction {
  const { definition } = message;
  if (how === 'heard') return eventOf(definition, payload, needed);
  // What stands for ids has to be the same in the request, the state and the answer.
  const said = steady(type, { payload: JSON.parse(JSON.stringify(payload)) as object, outcome: outcome! });
  const { value, rules } = answerOf(definition, said.outcome, needed);
  const { result, error } = value as { result?: unknown; error?: { code: string } };
  const name = error ? `${type} refuses: ${error.code}` : `${type} answers`;
  const params = { payload: said.payload, ...(result !== undefined && { result }), ...(error && { error }) };
  const common = { pending: false, providerStates: [{ name, params }] } as const;
  if (how === 'sent') {
    const description = `${type}.reply`;
    return { type: 'Asynchronous/Messages', description, ...common, ...messageWith({ value, rules }) };
  }
  return {
    type: 'Synchronous/HTTP',
    description: type,
    ...common,
    request: { method: 'POST', path: `${PATH}${type}`, headers: HEADERS, body: bodyOf(said.payload) },
    response: { status: 200, headers: HEADERS, body: bodyOf(value), matchingRules: { body: rules } },
  };
}

function eventOf({ name, payload: schema }: MessageDefinition, payload: object, needed: Needed): Interaction {
  const picked = matched(schema, JSON.parse(JSON.stringify(payload)), '$', '', needed);
  // Ids follow from what is needed alone: a field that nobody needs changes nothing.
  const value = steady(name, picked.value);
  return {
    type: 'Asynchronous/Messages',
    description: name,
    pending: false,
    providerStates: [{ name: `${name} is published`, params: { result: value } }],
    ...messageWith({ value, rules: picked.rules }),
  };
}

function answerOf({ result, errors }: MessageDefinition, outcome: CommandResult, needed: Needed): Matched {
  if (outcome.ok) {
    if (!result || !isNeeded('result', needed)) return { value: { ok: true }, rules: { '$.ok': equal } };
    const { value, rules } = matched(result, outcome.result, '$.result', 'result', needed);
    return { value: { ok: true, result: value }, rules: { '$.ok': equal, ...rules } };
  }
  const { code, details } = outcome.error;
  const field = `errors.${code}`;
  const fixed = { '$.ok': equal, '$.error.code': equal };
  // "errors" alone means that it tells them apart.
  const needsDetails = !needed || needed.some((each) => each.startsWith(field));
  if (!needsDetails) return { value: { ok: false, error: { code } }, rules: fixed };
  const { value, rules } = matched(errors[code]!, details, '$.error.details', field, needed);
  return { value: { ok: false, error: { code, details: value } }, rules: { ...fixed, ...rules } };
}

const equal = rule({ match: 'equality' });

const bodyOf = (content: unknown): Body => ({ content, contentType: JSON_TYPE, encoded: false });

const messageWith = ({ value, rules }: Matched) => ({
  contents: bodyOf(value),
  metadata: { contentType: JSON_TYPE },
  matchingRules: { body: rules },
});
