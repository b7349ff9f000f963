import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostEnv } from '../support/host-process.js';
import { problemsOfKind } from './crds.js';
import { readYaml } from './yaml.js';

/** An object of Kubernetes, as it stands in a manifest. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  spec?: unknown;
}

interface Kustomization {
  resources: string[];
  configMapGenerator?: { name: string; envs: string[] }[];
  images?: { name: string; newTag: string }[];
}

/** What `kubectl apply -k` would apply: the manifests, and the variables of the generated config maps by name. */
export interface Rendered {
  manifests: Manifest[];
  configMaps: Map<string, HostEnv>;
}

export async function render(folder: string): Promise<Rendered> {
  const file = join(folder, 'kustomization.yaml');
  const [kustomization] = await readYaml<Kustomization>(file);
  const { resources, configMapGenerator = [], images = [], ...rest } = kustomization!;
  const unknown = Object.keys(rest).filter((key) => !['apiVersion', 'kind'].includes(key));
  if (unknown.length > 0) throw new Error(`${file}: teach this function about ${unknown.join(', ')}`);
  if (images.some(({ name }) => name !== 'liftout')) throw new Error(`${file}: an image that nobody uses`);
  const manifests: Manifest[] = [];
  for (const resource of resources) {
    const path = join(folder, resource);
    manifests.push(...(resource.endsWith('.yaml') ? await readYaml<Manifest>(path) : (await render(path)).manifests));
  }
  const configMaps = new Map<string, HostEnv>();
  for (const { name, envs } of configMapGenerator)
    configMaps.set(name, await readEnv(envs.map((e) => join(folder, e))));
  return { manifests, configMaps };
}

async function readEnv(files: readonly string[]): Promise<HostEnv> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const lines = texts.join('\n').split('\n');
  const pairs = lines.filter((line) => line.trim() !== '' && !line.startsWith('#')).map((line) => line.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([name, value]) => [name!, value ?? '']));
}

/**
 * Checks a manifest against the schema of its kind.
 *
 * @returns what the schema refuses, and fields that it does not know
 */
export async function schemaProblems(manifest: Manifest): Promise<string[]> {
  const ofOperators = problemsOfKind(manifest);
  if (ofOperators) return ofOperators;
  const kinds = (await import(`kubernetes-models/${manifest.apiVersion}`)) as Record<string, Kind | undefined>;
  const kind = kinds[manifest.kind];
  const at = `${manifest.kind} ${manifest.metadata.name}`;
  if (!kind) return [`${at}: no such kind in ${manifest.apiVersion}`];
  const seen = new Set<string>();
  try {
    // Its constructor would look at everything.
    kind.prototype.validate.call(watched(manifest, '', seen));
  } catch (error) {
    return [`${at}: ${(error as Error).message}`];
  }
  return fieldsOf(manifest, '')
    .filter((path) => !seen.has(path))
    .map((path) => `${at}: ${path} is no field of this kind`);
}

interface Kind {
  readonly prototype: { validate(this: object): void };
}

/** The schemas allow fields that they do not know: but a field that no check ever looked at is one of those. */
function watched<T extends object>(value: T, path: string, seen: Set<string>): T {
  return new Proxy(value, {
    get(target, key) {
      const inner = Reflect.get(target, key) as unknown;
      if (typeof key === 'symbol') return inner;
      seen.add(`${path}/${key}`);
      return typeof inner === 'object' && inner !== null ? watched(inner, `${path}/${key}`, seen) : inner;
    },
  });
}

function fieldsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${path}/${key}`, ...fieldsOf(inner, `${path}/${key}`)]);
}
