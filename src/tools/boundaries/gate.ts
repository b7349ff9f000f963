import { excuse } from './allowances.js';
import { withBaseline } from './baseline.js';
import { driftViolations } from './modules/codeowners.js';
import { readCompilerOptions } from './sources/compiler.js';
import { cruise, readRules } from './references/cruise.js';
import { deadCode } from './modules/dead-code.js';
import { dependencyViolations } from './modules/dependencies.js';
import { moduleEdges } from './references/edges.js';
import { elsewhereViolations } from './modules/elsewhere.js';
import { Facts } from './sources/facts.js';
import { fileCycles } from './modules/file-cycles.js';
import { Judge } from './judge.js';
import { readManifests } from './modules/manifest.js';
import { MessageKinds } from './references/message-kinds.js';
import { cycleViolations } from './modules/module-cycles.js';
import { outsideSystems } from './modules/outside.js';
import { placeViolations } from './modules/places.js';
import { readSources } from './references/read-sources.js';
import { Resolver } from './references/resolve.js';
import { readTree } from './modules/tree.js';
import type { Violation } from './violation.js';
import { CouldNotCheck, inOrder } from './violation.js';
import { Findings } from './sources/visitor.js';

export interface Verdict {
  /** In reading order, with those that are meant or known. */
  violations: Violation[];
  /** How much was looked at. */
  seen: { modules: number; files: number; references: number };
}

/**
 * Judges a tree of this project's layout.
 *
 * @param root absolute path of the tree
 * @throws CouldNotCheck when it cannot vouch for the whole tree; everything that stands in the way is named
 */
export async function checkBoundaries(root: string): Promise<Verdict> {
  const config = readCompilerOptions(root);
  const tree = readTree(root);
  const { declared, violations } = readManifests(tree);
  const findings = new Findings();
  const resolver = new Resolver(root, config);
  const resolve = (from: string, specifier: string) => resolver.resolve(from, specifier);
  const kinds = new MessageKinds(resolve);
  const files = readSources(tree, new Facts(new Set(tree.modules)), findings, kinds);
  const rules = await readRules();
  const cruised = await cruise(root, tree.sources, rules, config);
  const judged = new Judge(rules.forbidden, resolve).judge(cruised, files);
  if (judged.edges.length === 0) throw new CouldNotCheck('Not one import was found in this tree.');
  const between = moduleEdges(judged.edges);
  const unread = judged.violations.filter(({ rule }) => rule === 'orphan');
  const read = [...findings.all(), ...unread, ...deadCode(tree.sources, tree.modules, judged.edges)];
  const all = [
    ...violations,
    ...placeViolations(tree),
    ...elsewhereViolations(tree, declared),
    ...excuse(read, findings.allowances),
    ...outsideSystems(declared, judged.violations, judged.edges).filter((found) => !unread.includes(found)),
    ...dependencyViolations(declared, between, tree.modules),
    ...cycleViolations(between, kinds),
    ...fileCycles(judged.edges),
    ...(violations.length === 0 ? driftViolations(root, declared) : []),
  ];
  return {
    violations: withBaseline(root, inOrder(all)),
    seen: { modules: tree.modules.length, files: tree.sources.length, references: judged.edges.length },
  };
}
