import { readManifests } from '../boundaries/modules/manifest.js';
import { readTree } from '../boundaries/modules/tree.js';
import { Draft } from '../extract/files.js';
import { standAlone } from '../extract/plan.js';
import { Changes } from '../generate/changes.js';
import { textAt } from '../generate/undo.js';
import { readTracked } from '../init/repository.js';
import { commitAs } from './trees.js';

/**
 * Makes of the starter's tree in `dir` what `extract` makes of it for the repository of one module, so that what it changed there
 * is no change of that repository. Of the other modules nothing is left, not even contracts: what `root` has of them is
 * its own, and follows their owners.
 *
 * @param root the repository of the module
 * @returns the commit in `dir`
 */
export async function lift(dir: string, root: string, module: string): Promise<string> {
  const draft = new Draft(readTracked(dir));
  const { declared } = readManifests(readTree(root));
  const isStarters = (name: string) => draft.files.has(`modules/${name}/module.json`);
  const others = modulesIn(textAt(root, 'src/modules.ts') ?? '').filter((name) => name !== module);
  const gone = modulesIn(draft.files.get('src/modules.ts') ?? '').filter((name) => !declared.has(name));
  const panels = [...draft.files.keys()].filter((path) => path.startsWith('deploy/observability/'));
  const shown = panels.map((path) => textAt(root, path) ?? '').join('\n');
  for (const name of others.filter(isStarters)) draft.change(new RegExp(`^modules/${name}/`), () => undefined);
  standAlone(draft, {
    module,
    others,
    gone,
    kept: declared.get(module)?.manifest.files ?? [],
    has: (metric) => shown.includes(metric),
  });
  const changes = new Changes(dir);
  for (const [path, text] of draft.edits) {
    if (text === undefined) changes.remove(path);
    else changes.edit(path, text);
  }
  await changes.apply(() => undefined);
  return commitAs(dir, `What extract makes of it for ${module}`);
}

/** The modules that `src/modules.ts` names, in its order. */
const modulesIn = (text: string) => [...text.matchAll(/'\.\.\/modules\/([^/']+)\//g)].map((found) => found[1]!);
