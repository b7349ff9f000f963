/** What the modules say about themselves, gathered while their files are read. */
export class Facts {
  readonly #sets = new Map<string, Map<string, Set<string>>>();

  constructor(readonly modules: ReadonlySet<string>) {}

  /** Notes that a module has something, e.g. an `entity` called `Letter`. */
  note(module: string, kind: FactKind, name: string): void {
    const byModule = this.#sets.get(kind) ?? new Map<string, Set<string>>();
    this.#sets.set(kind, byModule.set(module, (byModule.get(module) ?? new Set()).add(name)));
  }

  has(module: string, kind: FactKind, name: string): boolean {
    return this.#sets.get(kind)?.get(module)?.has(name) ?? false;
  }

  /** Another module that has it. */
  otherWith(module: string, kind: FactKind, name: string): string | undefined {
    for (const [other, names] of this.#sets.get(kind) ?? []) if (other !== module && names.has(name)) return other;
    return undefined;
  }

  /** What the other modules have of this kind, with its module. */
  *ofOthers(module: string, kind: FactKind): Iterable<readonly [module: string, name: string]> {
    for (const [other, names] of this.#sets.get(kind) ?? []) {
      if (other !== module) for (const name of names) yield [other, name];
    }
  }

  /** Whether a name is that of a module other than this one. */
  isOther(module: string | undefined, name: string): boolean {
    return name !== module && this.modules.has(name);
  }
}

/** `token`: provided in its container; `route`: first path of a controller; `table`: of an entity, or made by SQL. */
type FactKind = 'token' | 'entity' | 'table' | 'route';
