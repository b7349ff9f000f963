/** A table that a statement names without a schema. */
interface NamedTable {
  name: string;
  offset: number;
}

const NAME = '"?([a-z_]\\w*)"?';
const MADE = new RegExp(
  `\\bcreate\\s+(?:(?:or\\s+replace|global|local|temp|temporary|unlogged|materialized|recursive|foreign)\\s+)*(?:table|view)\\s+(?:if\\s+not\\s+exists\\s+)?${NAME}(?!\\s*\\.)|\\brename\\s+to\\s+${NAME}`,
  'gi',
);

/** The tables and views that SQL makes. */
export function tablesMade(text: string): string[] {
  return [...text.matchAll(MADE)].map(([, made, renamed]) => (made ?? renamed)!.toLowerCase());
}

/** What may be a function where a bracket follows, or a column: `extract(year FROM at)`, `IS DISTINCT FROM b`. */
const READ = '(?<!distinct\\s+|\\(\\s*(?!select\\b)\\w+\\s+)\\bfrom|\\bjoin|\\busing|\\bonly';
const WRITTEN = '\\binto|\\bupdate|\\btable|\\breferences|\\btruncate|\\bcopy|\\bindex\\s[^;()]*\\bon';
const BETWEEN = '\\s+(?:(?:only|lateral|if\\s+(?:not\\s+)?exists)\\s+)*';
const FIRST = new RegExp(`(?:(${READ})|${WRITTEN})${BETWEEN}"?(?=[a-z_])`, 'gi');
const WORD = /[a-z_]\w*/iy;
/** What follows a table up to the next one of a list: `FROM bill AS b, stock`. */
const NEXT = /"?(?:\s+(?:as\s+)?"?[a-z_]\w*"?)?\s*,\s*(?:lateral\s+)?"?(?=[a-z_])/iy;

/** The tables without a schema that SQL reads, writes, changes or refers to; not those that it calls so itself. */
export function tablesNamed(text: string): NamedTable[] {
  const found = [...text.matchAll(FIRST)].flatMap(({ 0: before, 1: read, index }) =>
    listFrom(text, index + before.length, read !== undefined),
  );
  return found.filter(({ name }) => !isCommonTable(text, name));
}

function listFrom(text: string, start: number, read: boolean): NamedTable[] {
  WORD.lastIndex = start;
  const word = WORD.exec(text);
  if (!word) return [];
  const end = start + word[0].length;
  const isName = !/^"?\s*\./.test(text.slice(end, end + 20)) && !(read && /^\s*\(/.test(text.slice(end, end + 20)));
  NEXT.lastIndex = end;
  const next = read ? NEXT.exec(text) : null;
  const rest = next ? listFrom(text, next.index + next[0].length, read) : [];
  return [...(isName ? [{ name: word[0].toLowerCase(), offset: start }] : []), ...rest];
}

/** Whether a `WITH` of the same text makes it. */
function isCommonTable(text: string, name: string): boolean {
  return new RegExp(`\\b${name}"?\\s*(?:\\([^()]*\\)\\s*)?as\\s+(?:(?:not\\s+)?materialized\\s+)?\\(`, 'i').test(text);
}
