import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { revisionOf } from '../../src/tools/upgrade/trees.js';

/**
 * Checks out a former version with its packages, as somebody had cloned it then. The repository's own history has it.
 * @param root a folder that does not exist yet
 */
export function checkOutFormer(root: string, version: string): void {
  const run = (cwd: string, program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd, stdio: 'pipe', maxBuffer: 1 << 28 });
  run('.', 'git', 'clone', '--quiet', '--no-checkout', resolve('.'), root);
  run(root, 'git', 'checkout', '--quiet', '--detach', revisionOf(root, version));
  run(root, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
}
