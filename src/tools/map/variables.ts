import type { z } from 'zod';
import type { BoundedContextOptions } from '../../platform/bounded-context.js';
import { readVariables } from '../../platform/configuration.js';
import { fileOf } from './file-of.js';

/** A variable of the environment that a module reads. */
export interface Variable {
  name: string;
  /** What it is for, as its schema says. */
  meaning: string;
  /** What it is when it is absent; `undefined` where it may be, and `required` where it may not. */
  otherwise: { value: unknown } | 'required';
}

/**
 * The variables that a module declares with `defineConfig`.
 * @throws Error that names the file and each variable of which nobody knows what it is in specs
 */
export function variablesOf({ name: module, config }: Pick<BoundedContextOptions, 'name' | 'config'>): Variable[] {
  if (!config) return [];
  const read = readVariables(config.schema, config.specs);
  if ('problems' in read) throw new Error(unknownInSpecs(fileOf(module, config), read.problems));
  return Object.entries(config.schema.shape).map(([name, schema]) => {
    const absent = (schema as z.ZodType).safeParse(undefined);
    return {
      name,
      meaning: meaningOf(schema as z.ZodType),
      otherwise: absent.success ? { value: absent.data } : 'required',
    };
  });
}

function unknownInSpecs(file: string, problems: readonly string[]): string {
  const lines = problems.map((problem) => `  - ${problem}`).join('\n');
  const advice = "Say what a variable without a default is in specs: defineConfig({ … }, { specs: { NAME: '…' } }).";
  return `${file}: specs and tools cannot do with the variables that they have:\n${lines}\n${advice}`;
}

/** A default, or that it is optional, is wrapped around what is described. */
function meaningOf(schema: z.ZodType): string {
  const { innerType } = schema.def as { innerType?: z.ZodType };
  return schema.description ?? (innerType ? meaningOf(innerType) : '');
}
