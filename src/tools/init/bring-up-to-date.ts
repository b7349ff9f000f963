import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeGenerated } from '../boundaries/modules/codeowners.js';
import { readManifests } from '../boundaries/modules/manifest.js';
import { readTree } from '../boundaries/modules/tree.js';

/** What {@link bringUpToDate} may write. */
export const GENERATED = ['CODEOWNERS', 'docs/modules.md', 'docs/modules.svg', 'docs/asyncapi.json'];

/** Builds a project and writes what is made from its code. @throws Error with all that was said */
export function bringUpToDate(root: string): void {
  writeGenerated(root, readManifests(readTree(root)).declared);
  for (const args of [['src/tools/launch.cjs'], [join('dist', 'src', 'tools', 'map.js')]]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${stdout}${stderr}\nNothing was changed: "node ${args.join(' ')}" failed.`);
  }
}
