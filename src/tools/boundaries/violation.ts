/** One place where the code steps over a boundary. What `--json` prints. */
export interface Violation {
  /** Path from the root of the tree. */
  file: string;
  /** From 1. */
  line: number;
  rule: string;
  /** The module that steps over; null when the file belongs to none. */
  fromModule: string | null;
  /** The module that is stepped into; null when it is none. */
  toModule: string | null;
  /** What is reached: a path, a package, a token, a table. */
  target: string;
  /** What is wrong, and what to do instead. */
  message: string;
  /** The reason that a comment gives why this is meant. It does not fail. */
  meant?: string;
  /** The baseline has it: it was there before. It does not fail. */
  known?: true;
}

/** Whether it is one that has to be mended. */
export function isNew({ meant, known }: Violation): boolean {
  return meant === undefined && !known;
}

/** The gate cannot vouch for this tree. Never to be taken for "no violations". */
export class CouldNotCheck extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CouldNotCheck';
  }
}

/** `modules/letters/letter.ts` → `letters`; undefined outside of any module. */
export function moduleOf(path: string): string | undefined {
  return /^modules\/([^/]+)\//.exec(path)?.[1];
}

/** Specs, the fixtures that only specs use, and the states that pacts name. */
export function isSpec(path: string): boolean {
  return /(?:\.(?:spec|test)\.[cm]?[jt]sx?|\/fixtures\/[^/]+|\/pact-states\.ts)$/.test(path);
}

/** Makes a violation of a file; its modules follow from the paths where they are not given. */
export function violation(found: Omit<Violation, 'fromModule' | 'toModule'> & { toModule?: string }): Violation {
  const { file, line, rule, target, message } = found;
  const toModule = found.toModule ?? moduleOf(target) ?? null;
  return { file, line, rule, fromModule: moduleOf(file) ?? null, toModule, target, message };
}

/** In reading order, each once. */
export function inOrder(violations: readonly Violation[]): Violation[] {
  const unique = new Map(
    violations.map((found) => [`${found.file}:${found.line} ${found.rule} ${found.target}`, found]),
  );
  return [...unique.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.rule, b.rule) || compare(a.target, b.target),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
