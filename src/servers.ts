import type { Type } from '@nestjs/common';
import type { Config } from './config.js';
import { OperatorError } from './platform/coded-error.js';
import { contextOptions } from './platform/bounded-context.js';
import type { ModuleMigrations } from './platform/schema/migrate.js';
import { isSameDatabase, moduleUrl, urlsOf } from './platform/connection/urls.js';
import { variableOf } from './topology.js';

/** A database that cannot be used as it is. The message says what to do. */
export class DatabaseUnusable extends OperatorError {}

/** A module, its login, and the administrator of the server that holds it. */
export interface Placed extends ModuleMigrations {
  readonly adminUrl: string;
  /** The module's login on that server; `url` may name others as well. */
  readonly login: string;
  /** The variable that names the administrator. */
  readonly adminVariable: string;
}

/** The login of each module: as configured, else derived from the URL of the common database. */
export function moduleUrls(config: Config, modules: readonly Type[], base: string): Map<string, string> {
  const names = modules.map((module) => contextOptions(module)!.name);
  return new Map(names.map((name) => [name, config.moduleUrls.get(name) ?? derivedUrl(config, base, name)]));
}

function derivedUrl({ databaseUrl }: Config, base: string, module: string): string {
  try {
    return moduleUrl(base, module);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DatabaseUnusable(
      'LIFTOUT_DATABASE_URL',
      `${databaseUrl ? 'DATABASE_URL' : 'DATABASE_ADMIN_URL'}: ${error.message}`,
    );
  }
}

/** What is migrated, by module. */
export function targets(urls: ReadonlyMap<string, string>, modules: readonly Type[]): ModuleMigrations[] {
  const contexts = modules.map((module) => contextOptions(module)!);
  return contexts.map(({ name, migrations = [] }) => ({ module: name, url: urls.get(name)!, migrations }));
}

/**
 * Finds the administrator of a module's server: `<MODULE>_DATABASE_ADMIN_URL`. Without it the common administrator is one,
 * if the module's database, or one of its list, is the common one: a role must never be made on a server that the module does not use.
 *
 * @param common the common administrator, if there is one
 * @throws DatabaseUnusable naming the variable that is missing
 */
export function placed(config: Config, target: ModuleMigrations, common: string | undefined): Placed {
  const { module, url } = target;
  const adminVariable = variableOf(module, 'DATABASE_ADMIN_URL');
  const own = config.moduleAdminUrls.get(module);
  const at = (adminUrl: string) => urlsOf(url).find((each) => isSameDatabase(adminUrl, each));
  if (own) {
    const login = at(own);
    if (login) return withoutPower({ ...target, login, adminUrl: own, adminVariable });
    throw new DatabaseUnusable(
      'LIFTOUT_DATABASE_URL',
      `${adminVariable}: ${placeOf(own)} is not the database of ${module}, ${placesOf(url)}.`,
    );
  }
  const login = common && at(common);
  if (common && login) return withoutPower({ ...target, login, adminUrl: common, adminVariable: 'DATABASE_ADMIN_URL' });
  const why = common
    ? `DATABASE_ADMIN_URL is an administrator of ${placeOf(common)}`
    : 'there is no DATABASE_ADMIN_URL either';
  throw new DatabaseUnusable(
    'LIFTOUT_DATABASE_URL',
    `${adminVariable}: required: the database of ${module} is ${placesOf(url)}, and ${why}.`,
  );
}

/** Provisioning takes every power from the role of a module: that must never be the administrator's own. */
function withoutPower(module: Placed): Placed {
  const { username } = new URL(module.login);
  if (username !== new URL(module.adminUrl).username) return module;
  const variable = variableOf(module.module, 'DATABASE_URL');
  throw new DatabaseUnusable(
    'LIFTOUT_DATABASE_URL',
    `${variable}: ${username} is the administrator: expected a user for ${module.module} alone; provisioning makes it.`,
  );
}

const placeOf = (url: string) => new URL(url).host + new URL(url).pathname;
const placesOf = (list: string) => urlsOf(list).map(placeOf).join(' or ');

/** SQLSTATEs that mean "this URL will not do", and what to say about each. The server does not tell a stranger who exists. */
const REFUSALS: Readonly<Record<string, string>> = {
  '25006': 'it takes no writes, or not yet',
  '28P01': 'the password is wrong, or there is no such user',
  '3D000': 'this database does not exist: create it first',
  '53300': 'it has no connections left',
};

/**
 * Runs what needs a database.
 *
 * @param url one or several, names the server and the user in what is thrown
 * @param variable names the administrator, where `url` is one's
 * @throws DatabaseUnusable saying which URL will not do and why
 */
export async function reachable<T>(url: string, work: () => Promise<T>, variable?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DatabaseUnusable) throw error;
    const { code, message } = error as { code?: string; message: string };
    const rights =
      code === '42501' && variable
        ? `this user may not create roles and schemas: use an administrator in ${variable}`
        : undefined;
    // A fenced role, a rule of pg_hba.conf, a missing certificate: the server's words tell which.
    const barred = code === '28000' ? `this user may not log in: ${message}` : undefined;
    const silent = /^(E[A-Z]+|57P03)$/.test(code ?? '') || /timeout/.test(message);
    const unanswered = silent ? `it does not answer (${code ?? message})` : undefined;
    const why = rights ?? barred ?? REFUSALS[code ?? ''] ?? unanswered;
    if (!why) throw error;
    const all = urlsOf(url).map((each) => `${placeOf(each)} as ${new URL(each).username}`);
    throw new DatabaseUnusable('LIFTOUT_DATABASE_UNREACHABLE', `Cannot use the database ${all.join(' or ')}: ${why}.`, {
      cause: error,
    });
  }
}
