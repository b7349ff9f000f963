import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';

/** Where a class of a module is declared; the module's folder where that is not found. */
export function fileOf(module: string, { name }: Pick<Type, 'name'>): string {
  const folder = join('modules', module);
  if (!existsSync(folder)) return folder;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const declares = new RegExp(`\\bclass ${name}\\b`);
  const found = files.find((path) => declares.test(readFileSync(join(folder, path), 'utf8')));
  return found === undefined ? folder : join(folder, found);
}

/**
 * Does something with a class of a module.
 * @throws Error that names the file of the class, what cannot be done, and why
 */
export async function inFileOf<T>(module: string, type: Pick<Type, 'name'>, not: string, work: () => T | Promise<T>) {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${fileOf(module, type)}: ${type.name} ${not}: ${(cause as Error).message}`, { cause });
  }
}
