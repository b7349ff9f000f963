import type { StoredMessage } from '../../transaction/message.js';

/** The part of a consumer's messages that has a progress row, and a loop, of its own: all with some of the keys. */
export interface Share {
  /** From 0. */
  part: number;
  of: number;
}

export const WHOLE: Share = { part: 0, of: 1 };

/** What was handled beyond a position: messages of this share, up to this position. */
export interface HandledRange extends Share {
  position: number;
  /** Of these types only; absent: of every type that is covered. */
  types?: readonly string[] | undefined;
}

/** The shares of a consumer that is divided into this many. */
export const sharesOf = (of: number): Share[] => Array.from({ length: of }, (_, part) => ({ part, of }));

/** Those messages that belong to a share. All with the same aggregate belong to the same one. */
export function within({ part, of }: Share, messages: readonly StoredMessage[]): StoredMessage[] {
  return messages.filter(({ aggregateid }) => of === 1 || hash(aggregateid) % of === part);
}

/** Those messages that were not handled before, when the consumer was divided otherwise or covered other types. */
export function notHandled(
  passed: readonly HandledRange[],
  messages: readonly StoredMessage[],
): readonly StoredMessage[] {
  if (passed.length === 0) return messages;
  const covers = ({ types }: HandledRange, { type }: StoredMessage) => types === undefined || types.includes(type);
  const isPassed = (message: StoredMessage) =>
    passed.some((each) => message.seq <= each.position && covers(each, message) && within(each, [message]).length > 0);
  return messages.filter((message) => !isPassed(message));
}

/**
 * FNV-1a, 32 bits, over the UTF-8 bytes.
 * @see https://www.rfc-editor.org/rfc/rfc9923
 */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(key)) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}
