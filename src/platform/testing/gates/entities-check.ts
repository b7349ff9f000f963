import type { Type } from '@nestjs/common';
import { contextOptions } from '../../bounded-context.js';
import { entityDrift } from '../../schema/entity-drift.js';

/**
 * Where the entities of modules and the tables that their migrations make have drifted apart.
 *
 * @param urls connection URL of each module's role, in a migrated database
 * @returns for each such module: the statements that its migrations lack, and what to do
 */
export async function entityDrifts(modules: readonly Type[], urls: ReadonlyMap<string, string>): Promise<string[]> {
  const drifts = await Promise.all(
    modules.map(async (type) => {
      const { name: module, entities = [] } = contextOptions(type)!;
      return { module, up: (await entityDrift({ module, url: urls.get(module)!, entities })).up };
    }),
  );
  return drifts.filter(({ up }) => up.length > 0).map(({ module, up }) => told(module, up));
}

const told = (module: string, up: readonly string[]) =>
  `The entities of ${module} and its migrations have drifted apart. What the tables lack:

${up.map((statement) => `  ${statement}`).join('\n')}

Is the entity right? "npm run new:migration -- ${module} --from-entities" makes a migration of it. Else change the entity.`;
