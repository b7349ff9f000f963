import type { Type } from '@nestjs/common';
import { contextOptions } from '../../platform/bounded-context.js';
import { writeGenerated } from '../boundaries/modules/codeowners.js';
import { readManifests } from '../boundaries/modules/manifest.js';
import { readTree } from '../boundaries/modules/tree.js';
import { contracts } from '../contracts.js';
import { readModules } from '../lib/load-modules.js';
import { writeMap } from '../map.js';
import { drawSagas } from '../saga-diagrams.js';
import type { Changes } from './changes.js';

/**
 * Brings up to date what follows from the code: all of it in this process, for a process of its own takes longer to
 * start than all the rest.
 *
 * @throws Error with all that was said, when the code cannot be read or described. Its types are not looked at: `npm run check` does
 */
export async function refresh(root: string, changes: Changes): Promise<void> {
  if (changes.paths.includes('src/modules.ts')) writeGenerated(root, readManifests(readTree(root)).declared);
  const modules = await readModules();
  const saga = changes.paths.some((path) => path.endsWith('.saga.ts'));
  if (saga || changes.paths.some((path) => path.includes('/contracts/'))) await updateSnapshots(root, modules);
  if (saga) await drawSagas(root, modules);
  await writeMap(root, modules);
}

async function updateSnapshots(root: string, modules: readonly Type[]): Promise<void> {
  const contexts = modules.map((module) => contextOptions(module)!);
  const { text, ok } = await contracts(['update'], root, () => Promise.resolve(contexts));
  if (!ok) throw new Error(`${text}\nNothing was changed: its contracts cannot be recorded.`);
}
