import type { Manifest } from '../boundaries/modules/manifest.js';
import { lockOf, lockPath } from '../contracts/elsewhere/lock.js';
import { filesOf, LIST, readExample, withoutLinks, withoutModules, withoutSections } from '../init/example.js';
import { PACTS } from '../pacts/files.js';
import { withLifted } from '../upgrade/start.js';
import { fitDashboards } from './dashboards.js';
import { deployAlone, deployWithout } from './deployment.js';
import type { Files } from './files.js';
import { Draft, isPact, madeOf, manifestIn, partiesOf, talksTo } from './files.js';
import type { Known } from './stub.js';
import { leaveContracts } from './stub.js';

/** A module that goes, of all modules of a tree. */
export interface Leaving {
  readonly module: string;
  readonly all: readonly Known[];
}

/**
 * What becomes of the tree that a module leaves.
 * @param home where it lives from now on, as its manifest says
 */
export function stay(files: Files, { module, all }: Leaving, home: string): Draft {
  const draft = new Draft(files);
  for (const path of manifestIn(files, module).files ?? []) draft.set(path, undefined);
  leaveContracts(
    draft,
    all.find(({ name }) => name === module)!,
    home,
    (manifest) => manifest,
  );
  deployWithout(draft, module);
  const left = all.filter(({ name }) => name !== module && manifestIn(files, name).elsewhere === undefined);
  fitDashboards(draft, (metric) => left.some(({ metrics }) => metrics.includes(metric)));
  draft.change(/\.md$/, (text, path) => withoutLinks(path, text, draft.files.keys(), draft.gone));
  return draft;
}

/**
 * What becomes of a copy of the tree that is the repository of that module alone.
 * @param homeOf where another module lives, as its manifest says from now on
 * @param revision of the tree that it is a copy of
 */
export function go(
  files: Files,
  { module, all }: Leaving,
  homeOf: (manifest: Manifest) => string,
  revision: string,
): Draft {
  const draft = new Draft(files);
  const others = talksTo(files, module);
  for (const known of all.filter(({ name }) => others.has(name))) {
    const { name } = known;
    const home = homeOf(manifestIn(files, name));
    leaveContracts(draft, known, home, (manifest) => seenBy(files, module, manifest));
    const { revision: pulled = revision } = JSON.parse(files.get(lockPath(name)) ?? '{}') as { revision?: string };
    draft.set(lockPath(name), lockOf(draft.files, name, home, pulled));
  }
  const names = all.map(({ name }) => name);
  const own = all.find(({ name }) => name === module)!;
  standAlone(draft, {
    module,
    others: names.filter((name) => others.has(name)),
    gone: names.filter((name) => name !== module && !others.has(name)),
    kept: manifestIn(files, module).files ?? [],
    has: (metric) => own.metrics.includes(metric),
  });
  return draft;
}

/** A module that is alone, and what is around it. */
interface Alone {
  module: string;
  /** The modules whose contracts it has, in the order of `src/modules.ts`. */
  others: readonly string[];
  /** The other modules of the tree. */
  gone: string[];
  /** Files outside of its folder that are its own. */
  kept: readonly string[];
  /** Whether it counts something that a dashboard shows. */
  has: (metric: string) => boolean;
}

/** What becomes of the files that are of no module when a repository is of one alone. */
export function standAlone(draft: Draft, { module, others, gone, kept, has }: Alone): void {
  dropExample(draft, gone, kept);
  draft.change(isPact, (text) => (partiesOf(text).includes(module) ? text : undefined));
  draft.change('src/modules.ts', (text) => withoutModules(text, gone));
  deployAlone(draft, module, others);
  fitDashboards(draft, has);
  draft.change('package.json', (text) => withLifted(text, module));
  draft.change(/\.md$/, (text, path) => withoutLinks(path, text, draft.files.keys(), draft.gone));
}

/** Of what a module says of itself, what has to do with that one. */
function seenBy(files: Files, module: string, manifest: Manifest): Manifest {
  const near = (name: string) => name === module || madeOf(files, manifest.name).has(name);
  const others = talksTo(files, module);
  const depends = (name: string) =>
    name === module
      ? Object.hasOwn(manifestIn(files, module).dependsOn, manifest.name)
      : others.has(name) && madeOf(files, name).has(manifest.name);
  const of = (message: string) => message.startsWith(`${module}.`);
  const pick = <T>(record: Record<string, T>, keep: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(record).filter(([key]) => keep(key)));
  const { consumes, outside: _, ...rest } = manifest;
  return {
    ...rest,
    dependsOn: pick(manifest.dependsOn, near),
    consumers: manifest.consumers.filter(depends),
    ...(consumes && { consumes: pick(consumes, of) }),
  };
}

/** What is tested once, where it is made: not in the project that came of it. */
const OWN_TESTS = /^test\/(?:init|generators|extract)\//;

/** The example, the template and what needs a module that is not there. */
function dropExample(draft: Draft, modules: string[], kept: readonly string[]): void {
  const { files: listed = [] } = readExample(draft.files) ?? {};
  const dashboard = (path: string) => /^deploy\/observability\/.*\.json$/.test(path);
  const stays = (path: string) => kept.includes(path) || dashboard(path) || path === PACTS;
  const example = { modules, files: listed.filter((path) => !stays(path)) };
  for (const path of filesOf(example, draft.files)) draft.set(path, undefined);
  draft.set(LIST, undefined);
  draft.change(OWN_TESTS, () => undefined);
  draft.change(/^(?!src\/tools\/)/, (text) => withoutSections(withoutSections(text), 'template'));
}
