import type { Type } from '@nestjs/common';
import { fail } from './cli.js';

/**
 * The modules of the project.
 * @throws UsageError that names the file that cannot be loaded, and why
 */
export async function loadModules(): Promise<readonly Type[]> {
  try {
    return (await import('../../modules.js')).modules;
  } catch (error) {
    const { message, stack = '' } = error as Error;
    const file = fileIn(stack);
    return fail(file ? `${file} cannot be loaded: ${message}` : `The modules cannot be loaded: ${message}`);
  }
}

/** The source of the first file of the project that a stack names: that of a module, if there is one. */
export function fileIn(stack: string): string | undefined {
  const built = [...stack.matchAll(/dist\/((?:modules|src)\/[\w./-]+)\.js/g)].map((found) => `${found[1]}.ts`);
  return built.find((file) => file.startsWith('modules/')) ?? built[0];
}
