import type { IDependency, IModule } from 'dependency-cruiser';
import type { Edge, Reference } from './references/edges.js';
import type { Rule } from './references/law.js';
import { PathRules } from './references/law.js';
import type { FileReferences } from './references/read-sources.js';
import type { Violation } from './violation.js';
import { CouldNotCheck, violation } from './violation.js';

interface Judged {
  edges: Edge[];
  violations: Violation[];
}

/**
 * Brings together what dependency-cruiser found with what the files refer to. It says where a reference leads and judges
 * it; the files say in which line it is. What it does not see is resolved here, and judged by the same rules.
 */
export class Judge {
  readonly #edges: Edge[] = [];
  readonly #violations: Violation[] = [];
  readonly #pathRules: PathRules;
  readonly #comments: ReadonlyMap<string, string>;

  constructor(
    rules: readonly Rule[],
    private readonly resolve: (from: string, specifier: string) => string | undefined,
  ) {
    this.#pathRules = new PathRules(rules);
    this.#comments = new Map(rules.map(({ name, comment }) => [name, comment]));
  }

  /** @throws CouldNotCheck when dependency-cruiser overlooked plain imports */
  judge(cruised: ReadonlyMap<string, IModule>, files: ReadonlyMap<string, FileReferences>): Judged {
    for (const [from, file] of files) this.#judgeFile(from, file, cruised.get(from)!);
    return { edges: this.#edges, violations: this.#violations };
  }

  #judgeFile(from: string, { imports, references }: FileReferences, { dependencies, rules = [] }: IModule): void {
    if (imports && dependencies.length === 0) {
      throw new CouldNotCheck(
        `dependency-cruiser saw no import in ${from}, which has some. Does it support this TypeScript?`,
      );
    }
    const edges = edgesOf(from, references);
    const seen = new Set<string>();
    for (const dependency of dependencies) {
      seen.add(normal(dependency.module));
      const known = edges.get(normal(dependency.module)) ?? {
        from,
        specifier: dependency.module,
        lines: [1],
        names: ['*'],
        typeOnly: false,
      };
      this.#addSeen({ ...known, to: dependency.resolved }, dependency);
    }
    for (const [specifier, edge] of edges) if (!seen.has(specifier)) this.#addUnseen(edge);
    for (const { name } of rules) this.#report({ from, to: from, lines: [1] }, name, this.#comments.get(name)!);
  }

  #addSeen(edge: Edge, dependency: IDependency): void {
    // What it cannot resolve may still be found by Node or the compiler, such as `./file.js?query`.
    if (dependency.couldNotResolve) this.#addUnseen(edge);
    else this.#edges.push(edge);
    for (const { name } of dependency.rules ?? [])
      this.#report(edge, name, `It imports ${dependency.resolved}. ${this.#comments.get(name)!}`);
  }

  #addUnseen(edge: Edge): void {
    const to = this.resolve(edge.from, edge.specifier);
    if (to === undefined) return;
    this.#edges.push({ ...edge, to });
    for (const { name, comment } of this.#pathRules.broken(edge.from, to))
      this.#report({ ...edge, to }, name, `It refers to ${to}. ${comment}`);
  }

  #report({ from, to, lines }: Pick<Edge, 'from' | 'to' | 'lines'>, rule: string, message: string): void {
    for (const line of lines) this.#violations.push(violation({ file: from, line, rule, target: to, message }));
  }
}

/** One edge for each specifier, with all of its lines and names. */
function edgesOf(from: string, references: readonly Reference[]): Map<string, Edge> {
  const edges = new Map<string, Edge>();
  for (const { specifier, line, names, typeOnly } of references) {
    const key = normal(specifier);
    const known = edges.get(key) ?? { from, to: specifier, specifier, lines: [], names: [], typeOnly: true };
    const lines = known.lines.includes(line) ? known.lines : [...known.lines, line];
    edges.set(key, { ...known, lines, names: [...known.names, ...names], typeOnly: known.typeOnly && typeOnly });
  }
  return edges;
}

/** dependency-cruiser drops these prefixes. */
function normal(specifier: string): string {
  return specifier.replace(/^(?:node|file):/, '');
}
