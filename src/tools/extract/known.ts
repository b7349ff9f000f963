import { contextOptions, pathsOf } from '../../platform/bounded-context.js';
import { loadModules } from '../lib/load-modules.js';
import type { Known } from './stub.js';

/** What is known from the code of the modules of this project. */
export async function knownModules(): Promise<Known[]> {
  return (await loadModules()).map((type) => {
    const context = contextOptions(type)!;
    const metrics = (context.outcomes ?? []).map(({ name }) => `liftout_business_${name}_total`);
    return { name: context.name, type: type.name, routes: pathsOf(context), metrics };
  });
}
