/** The routes there are, to tell a wrong method from a wrong path. */
export class RouteTable {
  readonly #routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  /** @param path as Fastify writes it: `/v1/things/:id`, `/docs/*` */
  add(method: string | readonly string[], path: string): void {
    const route = this.#routes.get(path) ?? { pattern: patternOf(path), methods: new Set() };
    for (const each of [method].flat()) route.methods.add(each);
    this.#routes.set(path, route);
  }

  /** The methods that a path answers to; none when there is no such path. */
  methodsOf(url: string): string[] {
    const path = decoded(url.replace(ORIGIN, '').split(/[?#]/, 1)[0]!);
    const methods = new Set<string>();
    for (const route of this.#routes.values())
      if (route.pattern.test(path)) for (const method of route.methods) methods.add(method);
    return [...methods].sort();
  }
}

/** A request target may be a whole URL. */
const ORIGIN = /^https?:\/\/[^/?#]*/i;

function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function patternOf(path: string): RegExp {
  const source = path
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:\w+/g, '[^/]+')
    .replaceAll('*', '.*');
  return new RegExp(`^${source}$`);
}
