/** The rules file, as far as this tool reads it. See `.dependency-cruiser.js`. */
export interface Rule {
  name: string;
  comment: string;
  from: Condition & { orphan?: boolean };
  to: Condition & Record<string, unknown>;
}

interface Condition {
  path?: string | string[];
  pathNot?: string | string[];
}

/** Rules that look at two paths and nothing else, and so can judge what dependency-cruiser did not see. */
export class PathRules {
  readonly #rules: readonly Rule[];
  readonly #patterns = new Map<string, RegExp>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.filter(
      ({ from, to }) => !from.orphan && Object.keys(to).every((key) => key === 'path' || key === 'pathNot'),
    );
  }

  /** @returns the rules that forbid `from` to refer to `to` */
  broken(from: string, to: string): Rule[] {
    return this.#rules.filter((rule) => {
      const groups = this.#match(rule.from, from);
      return groups && this.#match(rule.to, to, groups);
    });
  }

  #match({ path, pathNot }: Condition, tested: string, groups: readonly string[] = []): readonly string[] | undefined {
    if (pathNot !== undefined && this.#pattern(pathNot, groups).test(tested)) return undefined;
    if (path === undefined) return [];
    return this.#pattern(path, groups).exec(tested) ?? undefined;
  }

  /** As dependency-cruiser does: arrays are alternatives, and `$1` is what the first group of `from` found. */
  #pattern(source: string | string[], groups: readonly string[]): RegExp {
    const joined = [source].flat().join('|');
    const text = groups.reduce(
      (result, group, index) => (index === 0 ? result : result.replaceAll(`$${index}`, group ?? '')),
      joined,
    );
    const known = this.#patterns.get(text) ?? new RegExp(text);
    this.#patterns.set(text, known);
    return known;
  }
}
