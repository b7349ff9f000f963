import type { Manifest } from '../boundaries/modules/manifest.js';
import { samplesPath, snapshotPath } from '../contracts/recorded/files.js';
import type { Draft } from './files.js';
import { manifestIn } from './files.js';

/** What is known of a module from its code. */
export interface Known {
  readonly name: string;
  /** The class in `src/modules.ts`. */
  readonly type: string;
  readonly routes: readonly string[];
  /** The names of its numbers in Prometheus. */
  readonly metrics: readonly string[];
}

/**
 * Leaves of a module what others need: its contracts, with snapshot and samples, its manifest and a class that says so.
 *
 * @param home the repository that it lives in from now on
 * @param edit what else becomes of its manifest
 */
export function leaveContracts(
  draft: Draft,
  { name, type, routes }: Known,
  home: string,
  edit: (manifest: Manifest) => Manifest,
): void {
  const folder = `modules/${name}/`;
  const { files: _, ...manifest } = edit(manifestIn(draft.files, name));
  const names = Object.keys(JSON.parse(draft.files.get(snapshotPath(name)) ?? '{}') as object);
  for (const path of draft.files.keys())
    if (path.startsWith(folder) && !isContract(path.slice(folder.length))) draft.set(path, undefined);
  draft.set(`${folder}module.json`, json({ ...manifest, elsewhere: home }));
  draft.set(`${folder}${name}.module.ts`, stub(name, type, routes));
  draft.change(samplesPath(name), (text) => samplesOf(text, names));
}

/** Specs beside contracts are of the module's repository. */
const isContract = (path: string) => /^contracts(?:\/(?!.*\.spec\.ts$)|\.)/.test(path);

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

/** What it says to itself is nobody else's. */
function samplesOf(text: string, names: readonly string[]): string {
  const { $drafts, ...samples } = JSON.parse(text) as { $drafts?: string[] } & Record<string, unknown>;
  const drafts = $drafts?.filter((name) => names.includes(name)) ?? [];
  const kept = Object.fromEntries(Object.entries(samples).filter(([name]) => names.includes(name)));
  return json({ ...(drafts.length > 0 && { $drafts: drafts }), ...kept });
}

const stub = (name: string, type: string, routes: readonly string[]) =>
  `import { LivesElsewhere } from '../../src/platform/index.js';
import * as contracts from './contracts/index.js';

/** Its code is in the repository that module.json names. */
@LivesElsewhere({ name: '${name}', contracts, routes: [${routes.map((route) => `'${route}'`).join(', ')}] })
export class ${type} {}
`;
