import type { Change } from './schemas/compare-messages.js';
import type { Consumer } from './sources/consumers.js';
import type { CurrentMessage, MessageContract } from './describe.js';
import type { Finding } from './finding.js';
import { branchesOf } from './schemas/branches.js';
import type { JsonSchema } from './schemas/schema.js';
import { fieldOf, keyOf } from './schemas/schema.js';

type Messages = ReadonlyMap<string, CurrentMessage>;

/**
 * Tells a change that breaks somebody from one that nobody depends on. Pure.
 *
 * @param known the contract before the change
 * @param messages everything that is published now
 */
export function judge(
  change: Change,
  known: MessageContract,
  consumers: readonly Consumer[],
  messages: Messages,
): Finding {
  const { message, field, what } = change;
  const broken = consumers.filter((consumer) => consumer.message === message && breaks(change, consumer, known));
  const modules = broken.map(({ module }) => module);
  return {
    level: broken.length > 0 ? 'breaking' : 'warning',
    file: `modules/${message.split('.')[0]}/contracts.snapshot.json`,
    message,
    ...(field && { field }),
    what,
    breaks: modules,
    todo: broken.length > 0 ? adviceTo(message, modules, messages) : messages.has(message) ? ALLOWED : MAY_GO,
  };
}

const ALLOWED = 'No module needs it, so that it is allowed: "npm run contracts -- update" takes it into the snapshot.';

const MAY_GO = 'No module uses it: it may go, once no outbox holds one any more. Its sample goes with it.';

function breaks({ touches }: Change, { fields }: Consumer, known: MessageContract): boolean {
  if (!fields || touches === undefined) return true;
  const sent = known.kind === 'event' ? [] : (known.payload.required ?? []).map((name) => `payload.${name}`);
  return [...fields, ...sent].some((needed) => within(needed, touches) || within(touches, needed));
}

const within = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}.`);

function adviceTo(message: string, modules: readonly string[], messages: Messages): string {
  const next = nextVersion(message, messages);
  return (
    `Leave ${message} as it was and publish ${next} beside it. Move ${modules.join(', ')} over; ${message} may go when no ` +
    `module imports it and no outbox holds one any more. See docs/guides/boundaries.md.`
  );
}

function nextVersion(message: string, messages: Messages): string {
  const [, stem, version] = /^(.*\.v)(\d+)$/.exec(message)!;
  const published = [...messages.keys()]
    .filter((name) => name.startsWith(stem!))
    .map((name) => Number(name.slice(stem!.length)));
  return `${stem}${Math.max(Number(version), ...published) + 1}`;
}

/** Declared fields that their provider does not have. */
export function unknownFields(consumers: readonly Consumer[], messages: Messages): Finding[] {
  return consumers.flatMap(({ module, message, fields = [] }) => {
    const contract = messages.get(message)?.contract;
    const unknown = contract ? fields.filter((field) => !hasField(contract, field)) : [];
    return unknown.map((field) => ({
      level: 'wrong' as const,
      file: `modules/${module}/module.json`,
      message,
      field,
      what: `is declared under "consumes", but ${message} does not have it`,
      breaks: [module],
      todo: `Declare a field that it has: ${fieldsOf(contract!).join(', ')}.`,
    }));
  });
}

function hasField({ kind, payload, result, errors }: MessageContract, field: string): boolean {
  const path = field.split('.');
  if (kind === 'event') return reaches(payload, payload, path);
  const [part, ...rest] = path;
  if (part === 'errors') return rest.length === 0 || reaches(errors?.[rest[0]!], errors?.[rest[0]!], rest.slice(1));
  const schema = part === 'payload' ? payload : part === 'result' ? result : undefined;
  return reaches(schema, schema, rest);
}

/**
 * Items of an array have the path of the array, as in a `Difference`.
 *
 * @param seen schemas that were asked for this path: a list may be made of lists of its own kind
 */
function reaches(
  schema: JsonSchema | undefined,
  root: JsonSchema | undefined,
  path: readonly string[],
  seen: ReadonlySet<string> = new Set(),
): boolean {
  if (!schema || !root || seen.has(keyOf(schema))) return false;
  const [name, ...rest] = path;
  if (name === undefined) return true;
  const deeper = new Set([...seen, keyOf(schema)]);
  return branchesOf(schema, root).some(({ schema: branch }) => {
    if (typeof branch.items === 'object' && reaches(branch.items, root, path, deeper)) return true;
    return reaches(fieldOf(branch, name) ?? branch.prefixItems?.[Number(name)], root, rest);
  });
}

/** The fields of a message and its answers, as consumers declare them. */
export function fieldsOf({ kind, payload, result, errors }: MessageContract): string[] {
  const names = (part: string, schema: JsonSchema | undefined) => {
    const branches = schema ? branchesOf(schema, schema) : [];
    const fields = branches.flatMap(({ schema: branch }) => Object.keys(branch.properties ?? {}));
    return [...new Set(fields)].map((name) => part + name);
  };
  if (kind === 'event') return names('', payload);
  return [
    ...names('payload.', payload),
    ...(result ? ['result', ...names('result.', result)] : []),
    ...Object.keys(errors ?? {}).map((code) => `errors.${code}`),
  ];
}
