import type { IncomingMessage } from 'node:http';

/** Whether a listener answers a route at all. */
type Reachable = (raw: IncomingMessage, path: string) => boolean;

/** The routes there are, to tell a wrong method from a wrong path. */
export class RouteTable {
  #reachable: Reachable = () => true;
  readonly #routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  /** @param path as Fastify writes it: `/v1/things/:id`, `/docs/*` */
  add(method: string | readonly string[], path: string): void {
    const route = this.#routes.get(path) ?? { pattern: patternOf(path), methods: new Set() };
    for (const each of [method].flat()) route.methods.add(each);
    this.#routes.set(path, route);
  }

  /** Routes that are not `reachable` are not told of either. */
  limitTo(reachable: Reachable): void {
    this.#reachable = reachable;
  }

  /** The methods that a path answers to; none when there is no such path where the request came in. */
  methodsOf({ url, raw }: { url: string; raw: IncomingMessage }): string[] {
    const path = decoded(url.replace(ORIGIN, '').split(/[?#]/, 1)[0]!);
    const methods = new Set<string>();
    for (const [declared, route] of this.#routes)
      if (route.pattern.test(path) && this.#reachable(raw, declared))
        for (const method of route.methods) methods.add(method);
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
