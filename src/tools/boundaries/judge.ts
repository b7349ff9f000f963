import type { IDependency, IModule } from 'dependency-cruiser';
import type { Edge } from './edges.js';
import type { Rule } from './law.js';
import { PathRules } from './law.js';
import type { FileReferences } from './read-sources.js';
import type { Reference } from './references.js';
import type { Violation } from './violation.js';
import { CouldNotCheck, violation } from './violation.js';

type Comments = ReadonlyMap<string, string>;

export interface Judged {
  edges: Edge[];
  violations: Violation[];
}

/**
 * Brings together what dependency-cruiser found with what the files refer to. It says where a reference leads and judges
 * it; the files say in which line it is. What it does not see is resolved here, and judged by the same rules.
 *
 * @throws CouldNotCheck when it overlooked plain imports
 */
export function judge(
  cruised: ReadonlyMap<string, IModule>,
  files: ReadonlyMap<string, FileReferences>,
  rules: readonly Rule[],
  resolve: (from: string, specifier: string) => string | undefined,
): Judged {
  const pathRules = new PathRules(rules);
  const comments = new Map(rules.map(({ name, comment }) => [name, comment]));
  const judged: Judged = { edges: [], violations: [] };
  for (const [from, file] of files) {
    const { dependencies, rules: broken = [] } = cruised.get(from)!;
    if (file.imports && dependencies.length === 0) {
      throw new CouldNotCheck(
        `dependency-cruiser saw no import in ${from}, which has some. Does it support this TypeScript?`,
      );
    }
    const edges = edgesOf(from, file.references);
    for (const dependency of dependencies) addSeen(judged, edges, from, dependency, comments);
    for (const edge of edges.values())
      if (!edge.judged) addUnseen(judged, edge, resolve(from, edge.specifier), pathRules);
    for (const { name } of broken)
      judged.violations.push(
        violation({ file: from, line: 1, rule: name, target: from, message: comments.get(name)! }),
      );
  }
  return judged;
}

/** One edge for each specifier, with all of its lines and names. */
function edgesOf(from: string, references: readonly Reference[]): Map<string, Edge> {
  const edges = new Map<string, Edge>();
  for (const { specifier: written, line, names } of references) {
    const specifier = normal(written);
    const known = edges.get(specifier) ?? { from, to: specifier, specifier, lines: [], names: [], judged: false };
    const lines = known.lines.includes(line) ? known.lines : [...known.lines, line];
    edges.set(specifier, { ...known, lines, names: [...known.names, ...names] });
  }
  return edges;
}

/** dependency-cruiser drops these prefixes. */
function normal(specifier: string): string {
  return specifier.replace(/^(?:node|file):/, '');
}

function addSeen(
  judged: Judged,
  edges: Map<string, Edge>,
  from: string,
  dependency: IDependency,
  comments: Comments,
): void {
  const { resolved, rules = [] } = dependency;
  const specifier = normal(dependency.module);
  const known = edges.get(specifier) ?? { from, specifier, lines: [1], names: ['*'] };
  const edge = { ...known, to: resolved, judged: true };
  edges.set(specifier, edge);
  judged.edges.push(edge);
  for (const { name } of rules)
    judged.violations.push(...ofEdge(edge, name, `${what(dependency, name)} ${comments.get(name)!}`));
}

function what({ resolved, cycle = [] }: IDependency, rule: string): string {
  if (rule !== 'no-file-cycle') return `It imports ${resolved}.`;
  return `It imports ${resolved}, which leads back here: ${cycle.map(({ name }) => name).join(' → ')}.`;
}

function addUnseen(judged: Judged, edge: Edge, to: string | undefined, rules: PathRules): void {
  if (to === undefined) return;
  const resolved = { ...edge, to };
  judged.edges.push(resolved);
  for (const { name, comment } of rules.broken(edge.from, to))
    judged.violations.push(...ofEdge(resolved, name, `It refers to ${to}. ${comment}`));
}

function ofEdge({ from, to, lines }: Edge, rule: string, message: string): Violation[] {
  return lines.map((line) => violation({ file: from, line, rule, target: to, message }));
}
