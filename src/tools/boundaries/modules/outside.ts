import type { Edge } from '../references/edges.js';
import type { Declared } from './manifest.js';
import { lineOfKey } from './manifest.js';
import type { Violation } from '../violation.js';
import { moduleOf, violation } from '../violation.js';

const RULE = 'own-database-only';

/**
 * A database or broker that a module's manifest names as a system of its own outside is no way around the platform's.
 *
 * @returns the violations without those that are so explained, and systems that are named and not used
 */
export function outsideSystems(
  manifests: ReadonlyMap<string, Declared>,
  violations: readonly Violation[],
  edges: readonly Edge[],
): Violation[] {
  const named = (module: string | null, name: string) =>
    Object.hasOwn(manifests.get(module ?? '')?.manifest.outside ?? {}, name);
  const others = violations.filter(
    ({ rule, fromModule, target }) => rule !== RULE || !named(fromModule, packageOf(target)),
  );
  return [...others, ...[...manifests].flatMap(([module, declared]) => unused(module, declared, edges))];
}

function unused(module: string, { path, text, manifest }: Declared, edges: readonly Edge[]): Violation[] {
  if (!manifest.outside) return [];
  const used = new Set(edges.filter(({ from }) => moduleOf(from) === module).map(({ to }) => packageOf(to)));
  return Object.keys(manifest.outside)
    .filter((name) => !used.has(name))
    .map((name) => {
      const message = `${module} names ${name} as a system of its own outside, but nothing in modules/${module} imports it. Remove it from outside.`;
      return violation({
        file: path,
        line: lineOfKey(text, 'outside', name),
        rule: 'unused-dependency',
        target: name,
        message,
      });
    });
}

/** `node_modules/@scope/name/index.d.ts` → `@scope/name`; types count as the package that they describe. */
function packageOf(target: string): string {
  const path = target.replace(/^(?:.*\/)?node_modules\//, '').replace(/^node:/, '');
  const types = /^@types\/([^/]+)/.exec(path)?.[1];
  return types?.replace(/^(.+)__/, '@$1/') ?? /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path;
}
