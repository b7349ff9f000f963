import { isDeepStrictEqual } from 'node:util';

type Components = Record<string, Record<string, unknown>>;

interface Operation {
  operationId?: string;
}

/** What is read of an OpenAPI document. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components?: Components;
  tags?: { name: string }[];
}

/**
 * One document of two processes. Where both have the same path, or a tag, ours stays. What theirs calls as ours calls something
 * else, be it a component or an operation, has the name of its module before its own.
 *
 * @param module whose routes are theirs
 */
export function merged(ours: OpenApi, theirs: OpenApi, module: string): OpenApi {
  const more = Object.entries(theirs.paths).filter(([path]) => !Object.hasOwn(ours.paths, path));
  // Another module in the same process has brought them.
  if (more.length === 0) return ours;
  const kept = { paths: withOwnIds(Object.fromEntries(more), ours, module), components: theirs.components ?? {} };
  const taken = renamed(kept, renames(ours.components ?? {}, kept.components, pascal(module)));
  return {
    ...ours,
    paths: { ...taken.paths, ...ours.paths },
    components: both(ours.components ?? {}, taken.components),
    tags: [...new Map([...(theirs.tags ?? []), ...(ours.tags ?? [])].map((tag) => [tag.name, tag])).values()],
  };
}

function both(ours: Components, theirs: Components): Components {
  const kinds = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
  return Object.fromEntries([...kinds].map((kind) => [kind, { ...theirs[kind], ...ours[kind] }]));
}

function withOwnIds(paths: OpenApi['paths'], ours: OpenApi, module: string): OpenApi['paths'] {
  const ids = new Set(Object.values(ours.paths).flatMap((path) => Object.values(path).map((each) => each.operationId)));
  const own = (operation: Operation) => {
    const { operationId: id } = operation;
    return id === undefined || !ids.has(id) ? operation : { ...operation, operationId: module + pascal(id) };
  };
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, own(operation)])),
    ]),
  );
}

/** References of theirs, and what they have to become: `#/components/schemas/Line` to `#/components/schemas/ModuleLine`. */
type Renames = ReadonlyMap<string, string>;

/** Whatever refers to something that is called otherwise now is another thing than ours as well. */
function renames(ours: Components, theirs: Components, prefix: string): Renames {
  const found = new Map<string, string>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [kind, components] of Object.entries(theirs))
      for (const [name, component] of Object.entries(components)) {
        const here = ours[kind] ?? {};
        const same = !Object.hasOwn(here, name) || isDeepStrictEqual(renamed(component, found), here[name]);
        if (!same && referable(kind))
          found.set(reference(kind, name), reference(kind, free(prefix + name, here, components)));
      }
  }
  return found;
}

/** Security schemes are named, not referred to: ours hold. */
const referable = (kind: string) => kind !== 'securitySchemes';
const reference = (kind: string, name: string) => `#/components/${kind}/${name}`;

function free(wanted: string, ...taken: object[]): string {
  let name = wanted;
  for (let n = 2; taken.some((each) => Object.hasOwn(each, name)); n++) name = `${wanted}${n}`;
  return name;
}

/** A copy with other references, and with components below their new names. */
function renamed<T>(value: T, names: Renames, path = '#'): T {
  if (Array.isArray(value)) return value.map((each) => renamed(each as unknown, names, `${path}/-`)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    const at = `${path}/${key}`;
    if (key === '$ref' && typeof inner === 'string') return [key, names.get(inner) ?? inner];
    return [names.get(at)?.split('/').at(-1) ?? key, renamed(inner, names, at)];
  });
  return Object.fromEntries(entries) as T;
}

const pascal = (name: string) => name.replace(/(?:^|-)([a-zA-Z0-9])/g, (_, first: string) => first.toUpperCase());
