import { register } from 'node:module';
import type { Type } from '@nestjs/common';
import { fail } from './cli.js';

/**
 * The modules of the project, as they were built.
 * @throws UsageError that names the file that cannot be loaded, and why
 */
export async function loadModules(): Promise<readonly Type[]> {
  return await modulesOf(() => import('../../modules.js'));
}

let reading = 0;

/**
 * The modules of the project as their sources are at this moment, without a compilation: types are not looked at.
 * @throws UsageError that names the file that cannot be loaded, and why
 */
export async function readModules(): Promise<readonly Type[]> {
  if (reading === 0) register('../from-sources.js', import.meta.url);
  reading += 1;
  return await modulesOf(() => import(`../../modules.js?sources=${reading}`) as Promise<Modules>);
}

type Modules = typeof import('../../modules.js');

async function modulesOf(load: () => Promise<Modules>): Promise<readonly Type[]> {
  try {
    return (await load()).modules;
  } catch (error) {
    const { message, stack = '' } = error as Error;
    const file = fileIn(stack);
    return fail(file ? `${file} cannot be loaded: ${message}` : `The modules cannot be loaded: ${message}`);
  }
}

/** The source of the first file of the project that a stack names: that of a module, if there is one. */
function fileIn(stack: string): string | undefined {
  const built = [...stack.matchAll(/dist\/((?:modules|src)\/[\w./-]+)\.js/g)].map((found) => `${found[1]}.ts`);
  return built.find((file) => file.startsWith('modules/')) ?? built[0];
}
