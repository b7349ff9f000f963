import { isSpec, moduleOf } from '../violation.js';

/** A place where a file names another one, in whatever form. */
export interface Reference {
  specifier: string;
  line: number;
  /** What it takes from there; `*`: everything. Empty when nothing can be told by name. */
  names: readonly string[];
  /** Whether nothing of it is left when the file runs. */
  typeOnly: boolean;
}

/** One file refers to another. */
export interface Edge {
  from: string;
  /** Path from the root; of what could not be found, as it is written. */
  to: string;
  specifier: string;
  /** Every line of `from` that does so. */
  lines: readonly number[];
  /** What it takes from there; `*`: everything. */
  names: readonly string[];
  /** Whether nothing of it is left when the file runs. */
  typeOnly: boolean;
}

/** A file of one module refers to one of another. */
export interface ModuleEdge extends Edge {
  fromModule: string;
  toModule: string;
  spec: boolean;
}

export function moduleEdges(edges: readonly Edge[]): ModuleEdge[] {
  return edges.flatMap((edge) => {
    const fromModule = moduleOf(edge.from);
    const toModule = moduleOf(edge.to);
    const leaves = fromModule !== undefined && toModule !== undefined && fromModule !== toModule;
    return leaves ? [{ ...edge, fromModule, toModule, spec: isSpec(edge.from) }] : [];
  });
}

export function isContracts(path: string): boolean {
  return /^modules\/[^/]+\/contracts\//.test(path);
}
