import { UNKNOWN } from '../constant.js';
import type { Facts } from '../facts.js';
import { lineOf } from '../source.js';
import type { Finding } from '../visitor.js';
import type { TextChecks } from './strings.js';

const ADVICE = `A module's SQL names its own tables, without a schema. Ask the owner by a query of its contracts, or keep a read model of its events.`;

const STATEMENT =
  /^\s*select\s|\bselect\b[^]*\bfrom\b|\binsert\s+into\b|\bupdate\b[^]*\bset\b|\bdelete\s+from\b|\bmerge\s+into\b|\b(?:create|alter|drop|truncate|comment\s+on|lock|refresh)\s+(?:[a-z]+\s+){0,3}?(?:table|view|index|function|procedure|trigger|sequence|type|column)\b|\breferences\s/i;
const RELATION =
  /(?:(?<!distinct\s+|\(\s*(?!select\b)\w+\s+)\bfrom|\bjoin|\binto|\bupdate|\btable|\bonly|\breferences|\btruncate|\bcopy|\bview|\bcall|\bexists)\s+$/i;
const QUALIFIED =
  /(?<![\w.$'-])(?:"([^"]+)"\s*\.\s*|([a-z_]\w*|\0)(?:\.|\s+\.\s+))(?:"[^"]+"|[a-z_*\0][\w$]*)(?!\.v\d|[\w-]*-|\s*=>)/gi;
const ESCAPES = new RegExp(
  [
    String.raw`(?:^|;)\s*set\s+(?:local\s+|session\s+)?(?:search_path\b|session\s+authorization\b|role\s+(?:to\s+|=\s*)?["\w]+\s*(?:;|$))`,
    String.raw`(?:^|;)\s*reset\s+(?:role|session\s+authorization|search_path)\b`,
    String.raw`(?:^|;)\s*(?:grant|revoke)\s+[\w\s,]+?\s(?:on|to|from)\s[^]*\s(?:to|from)\s`,
    String.raw`(?:^|;)\s*create\s+(?:schema|extension|role|user|foreign)\b`,
    String.raw`\bset_config\s*\(|\bdblink\w*\s*\(|\bsecurity\s+definer\b|\bsearch_path\s*=|\blo_(?:import|export)\s*\(`,
  ].join('|'),
  'i',
);

/** SQL that leaves the module's own schema, in literals, templates and whatever is put together in the file. */
export const sqlTexts: TextChecks = (source, { facts, report }) => {
  const { module } = source;
  if (!module) return undefined;
  return (text, node) => {
    for (const { offset, ...finding } of sqlFindings(text, module, facts)) {
      report(node, { ...finding, line: lineWithin(lineOf(source, node), text, offset) });
    }
  };
};

/** @returns what is wrong with the SQL in a text, and where in it */
export function sqlFindings(text: string, module: string, facts: Facts): (Finding & { offset: number })[] {
  const rule = 'sql-of-another';
  const foreign = foreignNames(text, module, facts).map(({ name, offset }) => {
    const what =
      name === UNKNOWN ? 'This SQL computes the schema that it names.' : `This SQL names the schema ${name}.`;
    return {
      rule,
      target: name === UNKNOWN ? 'a computed schema' : name,
      message: `${what} ${ADVICE}`,
      offset,
      ...toModule(name, facts),
    };
  });
  const escape = ESCAPES.exec(text);
  if (!escape) return foreign;
  const target = escape[0].replace(/^;/, '').trim();
  return [
    ...foreign,
    {
      rule,
      target,
      offset: escape.index,
      message: `"${target}" changes whose rights or which schema apply. ${ADVICE}`,
    },
  ];
}

export function lineWithin(line: number, text: string, offset: number): number {
  return line + (text.slice(0, offset).match(/\n/g)?.length ?? 0);
}

function toModule(name: string, { modules }: Facts): { toModule?: string } {
  return modules.has(name) ? { toModule: name } : {};
}

function foreignNames(text: string, module: string, facts: Facts): { name: string; offset: number }[] {
  return [...text.matchAll(QUALIFIED)]
    .map((match) => ({
      name: match[1] ?? match[2]!.toLowerCase(),
      offset: match.index,
      quoted: match[1] !== undefined,
    }))
    .filter(({ name, offset }) => {
      const related = RELATION.test(text.slice(Math.max(0, offset - 60), offset));
      if (name.includes(UNKNOWN)) return related;
      if (name !== 'public' && !facts.isOther(module, name)) return false;
      return related || (STATEMENT.test(text) && !isAlias(text, name));
    });
}

/** Whether the statement itself calls one of its tables so. */
function isAlias(text: string, name: string): boolean {
  const quoted = `"?${name}"?(?!["\\w-]|\\s*\\.)`;
  return new RegExp(
    `(?:\\b(?:from|join|update|into|using)\\s+|,\\s*)(?:[\\w".]+\\s+(?:as\\s+)?)?${quoted}|\\)\\s*(?:as\\s+)?${quoted}|\\b(?:with|recursive)\\s+${quoted}`,
    'i',
  ).test(text);
}
