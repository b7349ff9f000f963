import ts from 'typescript';
import { fold } from '../../sources/constant.js';
import { UNKNOWN } from '../../sources/located.js';
import type { Facts } from '../../sources/facts.js';
import { lineOf } from '../../sources/source.js';
import { OWN_TABLES, isStatement, marginOf, sharedNames, withoutComments, withoutLiterals } from './sql-text.js';
import type { Check, Finding } from '../../sources/visitor.js';
import { tableFindings } from './sql-tables.js';
import type { TextChecks } from '../strings.js';

const STATEMENT =
  /^\s*select\s|\bselect\b[^]*\bfrom\b|\binsert\s+into\b|\bupdate\b[^]*\bset\b|\bdelete\s+from\b|\bmerge\s+into\b|\b(?:create|alter|drop|truncate|comment\s+on|lock|refresh)\s+(?:[a-z]+\s+){0,3}?(?:table|view|index|function|procedure|trigger|sequence|type|column)\b|\breferences\s/i;
const RELATION =
  /(?:(?<!distinct\s+|\(\s*(?!select\b)\w+\s+)\bfrom|\bjoin|\binto|\bupdate|\btable|\bonly|\breferences|\btruncate|\bcopy|\bview|\bcall|\bexists)\s+$/i;
const QUALIFIED =
  /(?<![\w.$'-])(?:"([^"]+)"\s*\.\s*|([a-z_]\w*|\0)(?:\.|\s+\.\s+))(?:"[^"]+"|[a-z_*\0][\w$]*)(?!\.v\d|[\w-]*-|\s*=>)/gi;
const START = String.raw`(?:^|;)\s*`;
const ESCAPES = new RegExp(
  [
    String.raw`${START}set\s+(?:local\s+|session\s+)?"?(?:search_path|role|schema|session_authorization|session\s+authorization)\b`,
    String.raw`${START}(?:reset\s+"?(?:role|all|session|search_path)\b|discard\s)`,
    String.raw`${START}(?:grant|revoke)\s+[^;]*?\s(?:on|to|from)\s`,
    String.raw`${START}(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:schema|extension|role|user|group|database|system|foreign|server|publication|subscription|event\s+trigger|tablespace|language|owned|default\s+privileges)\b`,
    String.raw`${START}(?:reassign\s+owned|import\s+foreign\s+schema|comment\s+on\s+(?:schema|role|database))\b`,
    String.raw`\bset\s+schema\b|\bowner\s+to\b|\bin\s+schema\b`,
    String.raw`\bset_config\s*\(|\bdblink\w*\s*\(|\bsecurity\s+definer\b|\bset\s+search_path\b|\bsearch_path\s*=|\blo_(?:import|export)\s*\(`,
  ].join('|'),
  'i',
);
/** What PostgreSQL itself calls rows in some statements, whatever modules there are. */
const PSEUDO = new Set(['excluded', 'old', 'new']);
/** Functions and tags whose text is SQL, whatever it looks like. */
const RUNS = /(?:^|\.)(?:sql|query|raw)$/;

/** SQL that leaves the module's own schema, in literals, templates and whatever is put together in the file. */
export const sqlTexts: TextChecks = (source, { facts, report, reportLater }) => {
  const { module } = source;
  if (!module) return undefined;
  return (text, node) => {
    if (!isStatement(text) && !isRun(node)) return;
    for (const { offset, ...finding } of sqlFindings(text, module, facts))
      report(node, { ...finding, line: lineWithin(lineOf(source, node), text, offset) });
    for (const { offset, decide } of tableFindings(text, module, facts))
      reportLater(node, () => {
        const finding = decide();
        return finding && { ...finding, line: lineWithin(lineOf(source, node), text, offset) };
      });
  };
};

/** The same, for SQL that a name stands for where it is run, and that does not look like SQL where it is written. */
export const sqlCalls: Check = (source, { facts, report, reportLater }) => {
  const { module } = source;
  if (!module) return undefined;
  return {
    [ts.SyntaxKind.CallExpression]: ({ expression, arguments: [first] }: ts.CallExpression) => {
      if (!first || !RUNS.test(expression.getText())) return;
      const text = ts.isIdentifier(first) || ts.isPropertyAccessExpression(first) ? fold(first) : undefined;
      if (text === undefined || isStatement(text)) return;
      for (const { offset: _, ...finding } of sqlFindings(text, module, facts)) report(first, finding);
      for (const { decide } of tableFindings(text, module, facts)) reportLater(first, decide);
    },
  };
};

/** Whether a text is given to what runs SQL, or is a part of what is. */
function isRun({ parent }: ts.Node): boolean {
  if (ts.isTaggedTemplateExpression(parent)) return RUNS.test(parent.tag.getText());
  if (ts.isCallExpression(parent)) return RUNS.test(parent.expression.getText());
  return (ts.isConditionalExpression(parent) || ts.isParenthesizedExpression(parent)) && isRun(parent);
}

/** @returns what is wrong with the SQL in a text, and where in it */
export function sqlFindings(text: string, module: string, facts: Facts): (Finding & { offset: number })[] {
  const plain = withoutComments(text);
  const bare = withoutLiterals(plain);
  return [...foreignNames(bare, module, facts), ...escapes(bare), ...shared(plain, module)];
}

function escapes(text: string): (Finding & { offset: number })[] {
  const escape = ESCAPES.exec(text);
  if (!escape) return [];
  const margin = marginOf(escape[0]);
  const target = escape[0].slice(margin).trim();
  const message = `"${target}" changes whose rights or which schema apply. ${OWN_TABLES}`;
  return [{ rule: 'sql-of-another', target, offset: escape.index + margin, message }];
}

function shared(text: string, module: string): (Finding & { offset: number })[] {
  return sharedNames(text, module).map(({ kind, name, offset }) => {
    const what = kind === 'lock' ? 'Advisory locks' : 'Notification channels';
    const how = kind === 'lock' ? `hashtextextended('${module}.…', 0)` : `"${module}.…"`;
    const message = `${what} belong to the whole database, and no role protects them: another module may use ${name} as well. Begin its name with that of the module: ${how}.`;
    return { rule: 'shared-in-database', target: name, offset, message };
  });
}

export function lineWithin(line: number, text: string, offset: number): number {
  return line + (text.slice(0, offset).match(/\n/g)?.length ?? 0);
}

function toModule(name: string, { modules }: Facts): { toModule?: string } {
  return modules.has(name) ? { toModule: name } : {};
}

function foreignNames(text: string, module: string, facts: Facts): (Finding & { offset: number })[] {
  return [...text.matchAll(QUALIFIED)]
    .map((match) => ({ name: match[1] ?? match[2]!.toLowerCase(), offset: match.index }))
    .filter(({ name, offset }) => isForeign(text, name, offset, module, facts))
    .map(({ name, offset }) => ({ ...foreign(name, facts), offset }));
}

function isForeign(text: string, name: string, offset: number, module: string, facts: Facts): boolean {
  const related = RELATION.test(text.slice(Math.max(0, offset - 60), offset));
  if (related || PSEUDO.has(name)) return related && (name.includes(UNKNOWN) || isSchema(name, module, facts));
  return isSchema(name, module, facts) && STATEMENT.test(text) && !isAlias(text, name);
}

function isSchema(name: string, module: string, facts: Facts): boolean {
  return name === 'public' || facts.isOther(module, name);
}

function foreign(name: string, facts: Facts): Finding {
  const isKnown = !name.includes(UNKNOWN);
  const what = isKnown ? `This SQL names the schema ${name}.` : 'This SQL computes the schema that it names.';
  const target = isKnown ? name : 'a computed schema';
  return { rule: 'sql-of-another', target, message: `${what} ${OWN_TABLES}`, ...toModule(name, facts) };
}

/** Whether the statement itself calls one of its tables so. */
function isAlias(text: string, name: string): boolean {
  const quoted = `"?${name}"?(?!["\\w-]|\\s*\\.)`;
  return new RegExp(
    `(?:\\b(?:from|join|update|into|using)\\s+|,\\s*)(?:[\\w".]+\\s+(?:as\\s+)?)?${quoted}|\\)\\s*(?:as\\s+)?${quoted}|\\b(?:with|recursive)\\s+${quoted}`,
    'i',
  ).test(text);
}
