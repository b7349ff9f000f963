import ts from 'typescript';
import { allowancesIn, allowancesInSql } from '../allowances.js';
import { lineWithin, sqlFindings } from '../checks/data/sql.js';
import { tableFindings } from '../checks/data/sql-tables.js';
import { visitorsFor } from '../checks/index.js';
import type { Facts } from '../sources/facts.js';
import { isContracts } from './edges.js';
import type { MessageKinds } from './message-kinds.js';
import type { Reference } from './edges.js';
import { referencesOf } from './references.js';
import type { Source } from '../sources/source.js';
import { parse } from '../sources/source.js';
import type { Tree } from '../modules/tree.js';
import { readText } from '../modules/tree.js';
import { CouldNotCheck, moduleOf, violation } from '../violation.js';
import type { Findings } from '../sources/visitor.js';
import { visit } from '../sources/visitor.js';

/** What one file refers to. */
export interface FileReferences {
  references: readonly Reference[];
  /** Whether it has plain imports, which no tool may overlook. */
  imports: boolean;
}

/**
 * Reads and parses every source once: runs the checks on it, and gathers what it refers to.
 *
 * @throws CouldNotCheck naming every file that cannot be read or parsed
 */
export function readSources(
  tree: Tree,
  facts: Facts,
  findings: Findings,
  kinds: MessageKinds,
): Map<string, FileReferences> {
  const found = new Map<string, FileReferences>();
  const unreadable: string[] = [];
  for (const path of tree.sources) {
    try {
      const source = parse(path, readText(tree.root, path));
      found.set(path, look(source, tree, facts, findings));
      if (isContracts(path)) kinds.add(source);
    } catch (error) {
      if (!(error instanceof CouldNotCheck))
        throw new CouldNotCheck(`${path}: ${(error as Error).stack}`, { cause: error });
      unreadable.push(error.message);
    }
  }
  if (unreadable.length > 0) throw new CouldNotCheck(unreadable.join('\n'));
  for (const path of tree.sqlFiles) readSql(path, tree, facts, findings);
  return found;
}

function look(source: Source, tree: Tree, facts: Facts, findings: Findings): FileReferences {
  const scene = findings.scene(source, tree.root, facts);
  const nodes = visit(source, visitorsFor(source, scene));
  findings.allowances.push(...allowancesIn(source));
  return { references: referencesOf(source, nodes), imports: hasImports(source) };
}

function hasImports({ ast }: Source): boolean {
  return ast.statements.some((statement) => ts.isImportDeclaration(statement) && statement.importClause !== undefined);
}

function readSql(path: string, { root }: Tree, facts: Facts, findings: Findings): void {
  const text = readText(root, path);
  findings.allowances.push(...allowancesInSql(path, text));
  for (const { offset, ...finding } of sqlFindings(text, moduleOf(path)!, facts)) {
    findings.add(violation({ file: path, line: lineWithin(1, text, offset), ...finding }));
  }
  for (const { offset, decide } of tableFindings(text, moduleOf(path)!, facts)) {
    findings.addLater(() => {
      const finding = decide();
      return finding && violation({ file: path, line: lineWithin(1, text, offset), ...finding });
    });
  }
}
