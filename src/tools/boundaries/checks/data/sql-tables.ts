import type { Facts } from '../../sources/facts.js';
import { OWN_TABLES, withoutComments, withoutLiterals } from './sql-text.js';
import { tablesMade, tablesNamed } from './tables.js';
import type { Finding } from '../../sources/visitor.js';

/**
 * Notes the tables that SQL makes, and looks for those of other modules: without a schema each name means a table of the
 * module itself, so that PostgreSQL would say that there is none.
 *
 * @returns where a table is named, and what is wrong with that once all files were read
 */
export function tableFindings(
  text: string,
  module: string,
  facts: Facts,
): { offset: number; decide: () => Finding | undefined }[] {
  const bare = withoutLiterals(withoutComments(text));
  for (const name of tablesMade(bare)) facts.note(module, 'table', name);
  return tablesNamed(bare).map(({ name, offset }) => ({ offset, decide: () => foreignTable(name, module, facts) }));
}

function foreignTable(name: string, module: string, facts: Facts): Finding | undefined {
  const owner = facts.has(module, 'table', name) ? undefined : facts.otherWith(module, 'table', name);
  if (owner === undefined) return undefined;
  const message = `This SQL names ${name}, a table of ${owner}: ${module} has none of that name. ${OWN_TABLES}`;
  return { rule: 'sql-of-another', target: name, toModule: owner, message };
}
