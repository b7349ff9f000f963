import type { Type } from '@nestjs/common';
import { contextOptions } from '../../platform/bounded-context.js';
import { fail } from '../lib/cli.js';
import { Extension } from './add.js';
import type { Plan } from './kinds.js';
import { checkShape } from './names.js';
import type { Project } from './project.js';
import { moduleNamed } from './project.js';
import { filled } from './templates/migration.js';

/** @param wanted what it does, as in `invoice-numbers`; `tables` by default */
export function planMigration(project: Project, name: string, wanted = 'tables', fromEntities = false): Plan {
  const module = moduleNamed(project, name);
  const what = checkShape('The migration', wanted, 'invoice-numbers');
  if (fromEntities && module.entities.size === 0)
    fail(`${name} has no entities: name them in "entities" of @BoundedContext, in modules/${name}/${name}.module.ts.`);
  const { changes, path } = new Extension(project, module).migration(what);
  const next = `Write its statements, and those that take them back: ${path}`;
  if (!fromEntities) return { changes, module: name, next };
  const complete = async (types: readonly Type[]) => {
    // Loaded only where a database is needed.
    const { beforeRelease, missingStatements } = await import('./from-entities.js');
    const drift = await missingStatements(types.find((type) => contextOptions(type)!.name === name)!);
    await changes.rewrite(path, filled(changes.textOf(path), drift));
    return beforeRelease(drift, path);
  };
  return { changes, module: name, next, complete };
}
