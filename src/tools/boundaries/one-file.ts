// boundaries-allow dead-code: Editors load it, by way of .oxlint.boundaries.js.
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { allowancesIn, excuse } from './allowances.js';
import { visitorsFor } from './checks/index.js';
import { Facts } from './sources/facts.js';
import { parse } from './sources/source.js';
import type { Violation } from './violation.js';
import { CouldNotCheck, isNew } from './violation.js';
import { Findings, visit } from './sources/visitor.js';

/**
 * What the text of one file breaks by itself, for editors. What depends on other files is left to the gate, and whether an
 * allowance still excuses something too.
 *
 * @param path from the root of the tree
 * @returns nothing for a file that cannot be parsed: it may be half written
 */
export function violationsIn(root: string, path: string, text: string): Violation[] {
  const findings = new Findings();
  try {
    const source = parse(path, text);
    visit(source, visitorsFor(source, findings.scene(source, root, new Facts(modulesIn(root)))));
    return excuse(findings.immediate(), allowancesIn(source)).filter(
      (each) => isNew(each) && each.rule !== 'allowance',
    );
  } catch (error) {
    if (error instanceof CouldNotCheck) return [];
    throw error;
  }
}

function modulesIn(root: string): ReadonlySet<string> {
  const folder = join(root, 'modules');
  return new Set(readdirSync(folder).filter((name) => lstatSync(join(folder, name)).isDirectory()));
}
