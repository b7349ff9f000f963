import { contentHash } from '../content.js';
import type { MessageContext, Scope } from './context.js';
import type { MessageDefinition } from '../define.js';

/**
 * The key of a command that a keyed scope executes: the same one when the scope is repeated.
 *
 * - For a stored message it follows from what the command says: a repetition may leave out what is done already, and a
 *   version may ask in another order. Of commands that say the same each has its number.
 * - For a client it follows from the type of the command and how many of that type there were before: the same key with
 *   another content is refused.
 */
export function childKey(scope: Scope, definition: MessageDefinition, message: object): Partial<MessageContext> {
  const { key: parent, repeatedBy, former } = scope.context;
  if (definition.kind === 'query' || !parent) return {};
  const position = scope.children++;
  const formerParent = former ? `${former.parent}/${former.position}` : parent;
  const root = repeatedBy && { repeatedBy };
  if (repeatedBy !== 'message') {
    const n = nextOf(scope, definition.name);
    const was = n !== position || former ? { former: { parent: formerParent, position, nth: 0 } } : {};
    return { key: `${parent}/${n}`, ...root, ...was };
  }
  const content = contentHash(message).slice(0, CONTENT_LENGTH);
  const nth = nextOf(scope, `${definition.name} ${content}`);
  const key = nth === 0 ? `${parent}/${content}` : `${parent}/${content}.${nth}`;
  return { key, ...root, former: { parent: formerParent, position, nth } };
}

/** 128 bits: enough for the commands of one message. */
const CONTENT_LENGTH = 22;

function nextOf(scope: Scope, what: string): number {
  const asked = (scope.asked ??= new Map());
  const n = asked.get(what) ?? 0;
  asked.set(what, n + 1);
  return n;
}
