import type { ModuleEdge } from '../references/edges.js';
import { isContracts } from '../references/edges.js';
import type { Declared } from './manifest.js';
import { lineOfKey } from './manifest.js';
import type { Violation } from '../violation.js';
import { violation } from '../violation.js';

type Manifests = ReadonlyMap<string, Declared>;

/** Declared and used, on both sides; what a module of another repository uses is seen there. */
export function dependencyViolations(
  manifests: Manifests,
  edges: readonly ModuleEdge[],
  modules: readonly string[],
): Violation[] {
  const used = usedBy(edges);
  return [
    ...edges.flatMap((edge) => undeclared(manifests, edge)),
    ...[...manifests].flatMap(([module, declared]) => [
      ...(declared.manifest.elsewhere === undefined
        ? unused(module, declared, used.get(module) ?? new Set(), modules)
        : []),
      ...unlisted(module, declared, manifests),
      ...strangers(module, declared, manifests),
    ]),
  ];
}

function usedBy(edges: readonly ModuleEdge[]): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const { fromModule, toModule } of edges) used.set(fromModule, (used.get(fromModule) ?? new Set()).add(toModule));
  return used;
}

/** Imports of another module's inside are judged by the rules file; to declare them would not help. */
function undeclared(manifests: Manifests, { fromModule, toModule, from, to, lines }: ModuleEdge): Violation[] {
  const declared = manifests.get(fromModule);
  if (!declared || !isContracts(to) || Object.hasOwn(declared.manifest.dependsOn, toModule)) return [];
  const message = `${fromModule} imports ${toModule} without declaring it. Add "${toModule}" with the reason to dependsOn in modules/${fromModule}/module.json, and "${fromModule}" to consumers in modules/${toModule}/module.json; or do without.`;
  return lines.map((line) => violation({ file: from, line, rule: 'undeclared-dependency', target: to, message }));
}

function unused(
  module: string,
  { path, text, manifest }: Declared,
  used: ReadonlySet<string>,
  modules: readonly string[],
): Violation[] {
  return Object.keys(manifest.dependsOn).flatMap((other) => {
    if (used.has(other) && modules.includes(other)) return [];
    const why = modules.includes(other) ? `nothing in modules/${module} imports it` : 'there is no such module';
    const message = `${module} declares that it depends on ${other}, but ${why}. Remove "${other}" from dependsOn here, and "${module}" from the consumers of ${other}.`;
    return [
      violation({
        file: path,
        line: lineOfKey(text, 'dependsOn', other),
        rule: 'unused-dependency',
        target: other,
        toModule: other,
        message,
      }),
    ];
  });
}

/** The provider has not agreed. */
function unlisted(module: string, { manifest }: Declared, manifests: Manifests): Violation[] {
  return Object.keys(manifest.dependsOn).flatMap((other) => {
    const provider = manifests.get(other);
    if (!provider || provider.manifest.consumers.includes(module)) return [];
    const message = `${module} depends on ${other}, whose manifest does not list it. Add "${module}" to consumers in ${provider.path}; its owner ${provider.manifest.owner} reviews that.`;
    return [
      violation({
        file: provider.path,
        line: lineOfKey(provider.text, 'consumers'),
        rule: 'unlisted-consumer',
        target: module,
        toModule: module,
        message,
      }),
    ];
  });
}

function strangers(module: string, { path, text, manifest }: Declared, manifests: Manifests): Violation[] {
  return manifest.consumers.flatMap((other) => {
    const dependsOn = manifests.get(other)?.manifest.dependsOn ?? {};
    if (Object.hasOwn(dependsOn, module)) return [];
    const message = `${module} lists ${other} as a consumer, but ${other} does not declare that it depends on ${module}. Remove it from consumers here, or add it to dependsOn there.`;
    return [
      violation({
        file: path,
        line: lineOfKey(text, 'consumers', other),
        rule: 'unlisted-consumer',
        target: other,
        toModule: other,
        message,
      }),
    ];
  });
}
