import ts from 'typescript';
import type { Source } from './sources/source.js';
import { lineAt } from './sources/source.js';
import type { Violation } from './violation.js';
import { violation } from './violation.js';

/** `// boundaries-allow <rule>, <rule>: <reason>`: what these rules find is meant: in its line, or in the next one. */
export interface Allowance {
  file: string;
  /** The line of the comment. */
  line: number;
  /** The first and last line that it speaks of: one, or those of a text that begins there. */
  from: number;
  to: number;
  rules: readonly string[];
  reason: string;
}

const MARK = 'boundaries-allow';
const BEGINS = /^(?:\/\/|\/\*+|--)\s*boundaries-allow\b/;
const FORM = /boundaries-allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)\s*:\s*(.*?)\s*(?:\*\/)?$/;

/** What a comment can excuse: rules that read the text of a line, and so may misread it. Imports are what they are. */
const EXCUSABLE = new Set([
  'ambient-declaration',
  'container',
  'contracts-are-plain',
  'dead-code',
  'entity-of-another',
  'environment',
  'hidden-import',
  'http-to-ourselves',
  'message-of-another',
  'orphan',
  'path-of-another',
  'platform-privates',
  'process-setting',
  'route-of-another',
  'shared-global',
  'shared-in-database',
  'sql-of-another',
]);

/** These speak of the file as a whole, wherever the comment is. */
const OF_FILE = new Set(['dead-code', 'orphan']);

/** Every allowance of a file, whatever is wrong with it. */
export function allowancesIn({ path, ast }: Source): Allowance[] {
  if (!ast.text.includes(MARK)) return [];
  const lines = ast.text.split('\n');
  return commentsOf(ast).map(([start, text]) => {
    const found = allowance(path, lineAt(ast, start), text, lines);
    return { ...found, to: endOfText(ast, found.from) };
  });
}

/** The same in SQL, whose comments begin with `--`. */
export function allowancesInSql(path: string, text: string): Allowance[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const comment = line.slice(Math.max(0, line.indexOf('--')));
    return BEGINS.test(comment) ? [allowance(path, index + 1, comment, lines)] : [];
  });
}

function allowance(file: string, line: number, comment: string, lines: readonly string[]): Allowance {
  const [, rules = '', reason = ''] = FORM.exec(comment.split('\n')[0]!) ?? [];
  const from = COMMENT_LINE.test(lines[line - 1]!) ? nextCode(lines, line) : line;
  return { file, line, from, to: from, rules: rules.split(/\s*,\s*/).filter(Boolean), reason };
}

const COMMENT_LINE = /^\s*(?:\/\/|\/\*|\*|--|$)/;

/** Over further comments, so that allowances may stand on top of each other. */
function nextCode(lines: readonly string[], after: number): number {
  const next = lines.findIndex((line, index) => index >= after && !COMMENT_LINE.test(line));
  return next < 0 ? after : next + 1;
}

function commentsOf(ast: ts.SourceFile): [start: number, text: string][] {
  const found = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    if (!ast.text.slice(node.pos, node.end).includes(MARK)) return;
    const ranges = [
      ...(ts.getLeadingCommentRanges(ast.text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(ast.text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(ast.text, node.end) ?? []),
    ];
    for (const { pos, end } of ranges)
      if (BEGINS.test(ast.text.slice(pos, end))) found.set(pos, ast.text.slice(pos, end));
    node.getChildren(ast).forEach(visit);
  };
  visit(ast);
  return [...found].sort(([a], [b]) => a - b);
}

/** A statement of SQL in several lines has no room for a comment on one of them. */
function endOfText(ast: ts.SourceFile, line: number): number {
  let end = line;
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node))
      if (lineAt(ast, node.getStart(ast)) === line) end = Math.max(end, lineAt(ast, node.end));
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return end;
}

/** @returns the violations, with the reason of those that are meant, and what is wrong with the allowances */
export function excuse(violations: readonly Violation[], allowances: readonly Allowance[]): Violation[] {
  const used = new Set<string>();
  const judged = violations.map((found) => {
    const by = allowances.find((each) => !wrongWith(each) && isMeant(found, each));
    if (!by) return found;
    used.add(key(by, found.rule));
    return { ...found, meant: by.reason };
  });
  return [...judged, ...allowances.flatMap((each) => refused(each, used))];
}

function isMeant({ file, line, rule }: Violation, { file: where, from, to, rules }: Allowance): boolean {
  return file === where && rules.includes(rule) && (OF_FILE.has(rule) || (from <= line && line <= to));
}

function key({ file, line }: Allowance, rule: string): string {
  return `${file}:${line} ${rule}`;
}

function refused(allowance: Allowance, used: ReadonlySet<string>): Violation[] {
  const { file, line, from, rules } = allowance;
  const idle = rules.filter((rule) => !used.has(key(allowance, rule)));
  const wrong = wrongWith(allowance);
  if (!wrong && idle.length === 0) return [];
  const message =
    wrong ?? `Line ${from} does not break ${idle.join(', ')}. Take that out of this comment, or remove it.`;
  return [violation({ file, line, rule: 'allowance', target: rules.join(', ') || MARK, message })];
}

function wrongWith({ rules, reason }: Allowance): string | undefined {
  if (rules.length === 0) return `Write "${MARK} <rule>: <reason>", with the name of the rule as the gate reports it.`;
  const other = rules.find((rule) => !EXCUSABLE.has(rule));
  if (other) return `"${other}" cannot be excused by a comment: mend it, or record it with --baseline.`;
  return /\S+\s+\S+/.test(reason) ? undefined : 'Say behind the colon why this is meant, in a sentence.';
}
