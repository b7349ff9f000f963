import ts from 'typescript';
import type { Allowance } from '../allowances.js';
import type { Facts } from './facts.js';
import { REFERENCE_KINDS } from '../references/references.js';
import type { Source } from './source.js';
import { lineOf } from './source.js';
import type { Violation } from '../violation.js';
import { violation } from '../violation.js';

export interface Finding {
  rule: string;
  target: string;
  /** The module that is stepped into, where the target is no path. */
  toModule?: string;
  /** What is wrong, and what to do instead. */
  message: string;
  /** Defaults to the line of the node. */
  line?: number;
}

/** What a check may use besides the file that it looks at. */
export interface Scene {
  /** The tree's root on disk. */
  root: string;
  facts: Facts;
  report(node: ts.Node, finding: Finding): void;
  /** Runs once every file was seen and `facts` are complete. The finding's line is taken now. */
  reportLater(node: ts.Node, decide: () => Finding | undefined): void;
}

export type Visitor = Partial<Record<ts.SyntaxKind, (node: never) => void>>;

/** Looks at one file. @returns what it wants to do with which kind of node; undefined when the file is not its business */
export type Check = (source: Source, scene: Scene) => Visitor | undefined;

/** Violations found, and those that can be judged only when all files were seen. */
export class Findings {
  readonly #found: Violation[] = [];
  readonly #later: (() => Violation | undefined)[] = [];

  scene(source: Source, root: string, facts: Facts): Scene {
    const at = (line: number, finding: Finding) => violation({ file: source.path, line, ...finding });
    return {
      root,
      facts,
      report: (node, finding) => void this.#found.push(at(finding.line ?? lineOf(source, node), finding)),
      reportLater: (node, decide) => {
        const line = lineOf(source, node);
        this.#later.push(() => {
          const finding = decide();
          return finding && at(finding.line ?? line, finding);
        });
      },
    };
  }

  add(found: Violation): void {
    this.#found.push(found);
  }

  /** @param decide runs once every file was seen */
  addLater(decide: () => Violation | undefined): void {
    this.#later.push(decide);
  }

  /** Comments that excuse what was found. */
  readonly allowances: Allowance[] = [];

  /** Those that could be judged at once. */
  immediate(): readonly Violation[] {
    return this.#found;
  }

  all(): Violation[] {
    return [...this.#found, ...this.#later.map((decide) => decide()).filter((found) => found !== undefined)];
  }
}

/** Walks a file once for all checks. @returns the nodes that may refer to other files */
export function visit(source: Source, visitors: readonly Visitor[]): ts.Node[] {
  const byKind = new Map<ts.SyntaxKind, ((node: never) => void)[]>();
  for (const visitor of visitors) {
    for (const [kind, handle] of Object.entries(visitor))
      byKind.set(Number(kind), [...(byKind.get(Number(kind)) ?? []), handle]);
  }
  const references: ts.Node[] = [];
  const walk = (node: ts.Node): void => {
    if (REFERENCE_KINDS.includes(node.kind)) references.push(node);
    for (const handle of byKind.get(node.kind) ?? []) handle(node as never);
    ts.forEachChild(node, walk);
  };
  walk(source.ast);
  return references;
}
