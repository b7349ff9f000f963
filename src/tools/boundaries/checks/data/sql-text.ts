import { UNKNOWN } from '../../sources/located.js';

/** What every finding about tables of others advises. */
export const OWN_TABLES = `A module's SQL names its own tables, without a schema. Ask the owner by a query of its contracts, or keep a read model of its events.`;

const VERBS =
  'select insert update delete merge with create alter drop truncate comment lock refresh grant revoke set reset discard do call copy listen unlisten notify reassign import declare execute prepare explain analyze vacuum cluster reindex begin values table security'.split(
    ' ',
  );
/** A statement begins with a word in capitals; prose does not shout. */
const LOUD = new RegExp(`^(?:${VERBS.join('|').toUpperCase()})\\b`);
/** In small letters it has to be built like a statement, with something in it that prose has not. */
const QUIET =
  /^(?:select\b[^]*\bfrom\b|insert\s+into\s|update\s[^]*\bset\s|delete\s+from\s|with\s+(?:recursive\s+)?\w+\s+as\b|(?:create|alter|drop|truncate)\s+(?:table|view|index|schema|type|function|sequence)\b)/;
const MARKS = /[*=()$;\n]/;

/** Whether a text is SQL by its looks: file names, hosts and messages to people are not. */
export function isStatement(text: string): boolean {
  const start = withoutComments(text).replace(/^[\s(]+/, '');
  return LOUD.test(start) || (QUIET.test(start) && MARKS.test(start));
}

/** Comments become blanks, so that every offset stays. */
export function withoutComments(text: string): string {
  if (!/--|\/\*/.test(text)) return text;
  return text.replace(/'[^']*'|"[^"]*"|--[^\n]*|\/\*[^]*?\*\//g, (found) =>
    /^['"]/.test(found) ? found : blank(found),
  );
}

/** Texts within SQL name nothing, unless they are SQL themselves, for an `EXECUTE`. */
export function withoutLiterals(text: string): string {
  return text.replace(/'((?:[^']|'')*)'/g, (found, inside: string) =>
    isStatement(inside) ? found : `'${blank(inside)}'`,
  );
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

/** What PostgreSQL keeps for all schemas alike: no role protects it, so that only its name says whose it is. */
const CHANNEL = /(?:^|;)\s*(?:listen|unlisten|notify)\s+("[^"]*"|[\w$\0*]+)|\bpg_notify\s*\(\s*('[^']*'|[^,)]*)/gi;
const LOCK = /\bpg_(?:try_)?advisory_\w+\s*\(((?:[^()]|\([^()]*\))*)\)/gi;

/**
 * Channels and advisory locks whose name does not begin with that of the module.
 *
 * @returns the kind, what was written, and where
 */
export function sharedNames(
  text: string,
  module: string,
): { kind: 'channel' | 'lock'; name: string; offset: number }[] {
  const own = new RegExp(
    `^['"]?${module}(?:['"]|$|[^\\w\\s])|^['"]?${module.replaceAll('-', '_')}(?:['"]|$|[^a-z0-9\\s])`,
    'i',
  );
  const channels = [...text.matchAll(CHANNEL)].map(({ index, 0: all, 1: named, 2: given }) => {
    return { kind: 'channel' as const, name: (named ?? given ?? '').trim(), offset: index + marginOf(all) };
  });
  const locks = [...text.matchAll(LOCK)].map(({ index, 0: call, 1: key }) => {
    return { kind: 'lock' as const, name: /'[^']*'/.exec(key!)?.[0] ?? call, offset: index };
  });
  return [...channels, ...locks]
    .filter(({ name }) => !own.test(name))
    .map((found) => ({ ...found, name: shown(found.name) }));
}

/** How much stands before the first word of what a pattern found. */
export function marginOf(found: string): number {
  return found.length - found.replace(/^[\s;]+/, '').length;
}

function shown(name: string): string {
  return name.replaceAll(UNKNOWN, '…');
}
