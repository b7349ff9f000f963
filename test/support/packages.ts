import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a package below `test/` has its own packages installed, as its lock file says now. */
export function hasPackages(folder: string): boolean {
  const installed = join(folder, 'node_modules/.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs;
}

/** Installs them into it, and never into the project itself. @returns whether they are there: no without a registry */
export function installPackages(folder: string): boolean {
  process.stderr.write(`npm ci in ${folder} …\n`);
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1', '--fetch-timeout=20000'];
  return spawnSync('npm', ['ci', '--prefix', folder, ...options], { stdio: ['ignore', 2, 2] }).status === 0;
}
