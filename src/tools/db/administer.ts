import type { Type } from '@nestjs/common';
import type { Config } from '../../config.js';
import { commonDatabase, FENCED, refuseUnfit } from '../../database.js';
import { contextOptions } from '../../platform/bounded-context.js';
import type { ModuleMigrations } from '../../platform/schema/migrate.js';
import { migrate, pending } from '../../platform/schema/migrate.js';
import { provision, withAdministrator } from '../../platform/schema/provision.js';
import { urlsOf } from '../../platform/connection/urls.js';
import { moduleUrls, placed, reachable, targets } from '../../servers.js';

export type Task = 'provision' | 'migrate' | 'status' | 'url';

/** A line for each module for which it was done, and one for each for which it could not be. */
export interface Administered {
  lines: string[];
  failures: string[];
}

/**
 * One administrator's task for some modules, one after the other, each on its own server.
 *
 * @guarantee whatever goes wrong with one module keeps no other from being seen to
 * @throws EmbeddedError when the embedded database cannot be used
 */
export async function administer(task: Task, config: Config, modules: readonly Type[]): Promise<Administered> {
  const common = config.production
    ? { adminUrl: config.adminUrl, baseUrl: '', release: async () => undefined }
    : await commonDatabase(config, (line) => void process.stderr.write(`${line}\n`));
  const done: Administered = { lines: [], failures: [] };
  try {
    for (const module of modules) {
      try {
        const [target] = targets(moduleUrls(config, [module], common.baseUrl), [module]);
        done.lines.push(await carryOut(task, config, target!, common.adminUrl));
      } catch (error) {
        done.failures.push(`${contextOptions(module)!.name}: ${(error as Error).message}`);
      }
    }
    if (task === 'url' && !config.production && !config.adminUrl) process.stderr.write(EMBEDDED);
  } finally {
    await common.release();
  }
  return done;
}

const EMBEDDED = 'The embedded database answers there while the application runs: npm start.\n';

async function carryOut(task: Task, config: Config, target: ModuleMigrations, common: string | undefined) {
  const { module, url } = target;
  if (task === 'url') return urlsOf(url).join('\n');
  if (task === 'status')
    return report(module, await reachable(url, () => pending(target)), 'is up to date', 'is to run');
  const { adminUrl, adminVariable, login } = placed(config, target, common);
  const work = () =>
    withAdministrator(adminUrl, async (client) => {
      await refuseUnfit(client);
      if (task === 'migrate')
        return report(module, await reachable(url, () => migrate(target)), 'was up to date', 'migrated');
      const fenced = await provision(client, [{ module, url: login }]);
      return `${module}: has its role and schema${fenced.length > 0 ? `; ${FENCED}` : ''}`;
    });
  return await reachable(adminUrl, work, adminVariable);
}

const report = (module: string, names: readonly string[], none: string, some: string) =>
  `${module}: ${names.length === 0 ? none : `${some} ${names.join(', ')}`}`;
