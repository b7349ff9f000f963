import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The command line that runs a program of a package, on every platform: what lies in `node_modules/.bin` is no program
 * on Windows.
 *
 * @param packageName of a package that is installed
 * @param name of the program; by default that of the package
 * @example spawnSync(...bin('prettier'), '--check', '.')
 */
export function bin(packageName: string, name = packageName): [file: string, script: string] {
  const folder = join('node_modules', packageName);
  const { bin: programs } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  return [process.execPath, join(folder, typeof programs === 'string' ? programs : programs[name]!)];
}
