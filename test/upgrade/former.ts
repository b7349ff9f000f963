import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/** Version 0.1.0. */
const FORMER = 'd0717d20d113591a21891b2c34dac9d611dc5ff1';

/**
 * Checks out version 0.1.0 with its packages, as somebody had cloned it then. The repository's own history has it.
 * @param root a folder that does not exist yet
 */
export function checkOutFormer(root: string): void {
  const run = (cwd: string, program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd, stdio: 'pipe', maxBuffer: 1 << 28 });
  run('.', 'git', 'clone', '--quiet', '--no-checkout', resolve('.'), root);
  run(root, 'git', 'checkout', '--quiet', '--detach', FORMER);
  run(root, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
}
