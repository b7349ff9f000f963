import { readFile } from 'node:fs/promises';
import { readConfig } from '../../config.js';
import { commonDatabase } from '../../database.js';
import { contextOptions, livesHere } from '../../platform/bounded-context.js';
import { isPostgresUrl, isSameDatabase, urlsOf } from '../../platform/connection/urls.js';
import { placed } from '../../servers.js';
import { variableOf } from '../../topology.js';
import { fail } from '../lib/cli.js';
import { loadModules } from '../lib/load-modules.js';
import { CutoverError, Side } from './side.js';
import type { Method } from './state.js';
import { Cutover } from './steps.js';

/** Any number: with the module's name it names the lock that lets one tool at a time work on a module. */
const LOCK = 7_166_010;

/**
 * Runs a step with connections to both databases, while no other tool works on the module.
 * @throws UsageError, CutoverError
 */
export async function withCutover<T>(
  name: string | undefined,
  to: string | undefined,
  method: Method,
  work: (cutover: Cutover) => Promise<T>,
): Promise<T> {
  const modules = await loadModules();
  const here = modules.filter(livesHere);
  const names = here.map((each) => contextOptions(each)!.name);
  const module = here[names.indexOf(name ?? '')];
  if (!name || !module) return fail(`There is no module "${name ?? ''}"; expected one of ${names.join(', ')}.`);
  const targetAdmin = await administratorOf(to);
  const config = readConfig(process.env, modules, { terminal: false, serves: false, talks: false });
  const variable = variableOf(name, 'DATABASE_URL');
  const urls = urlsOf(config.moduleUrls.get(name) ?? '');
  const targetLogin = urls.find((url) => isSameDatabase(url, targetAdmin));
  const sourceLogin = urls.find((url) => !isSameDatabase(url, targetAdmin));
  if (urls.length !== 2 || !targetLogin || !sourceLogin)
    return fail(
      `${variable} has to be the list of both logins of ${name}: the one that it has now, and the one at the database of --to.`,
    );
  const common = config.production
    ? { adminUrl: config.adminUrl, release: async () => undefined }
    : await commonDatabase(config, () => undefined);
  const sides: Side[] = [];
  try {
    const { migrations = [] } = contextOptions(module)!;
    const { adminUrl } = placed(config, { module: name, url: sourceLogin, migrations }, common.adminUrl);
    const source = await Side.open(name, adminUrl, sourceLogin);
    sides.push(source);
    if (!(await source.value<boolean>('SELECT pg_try_advisory_lock($1, hashtext($2))', [LOCK, name])))
      throw new CutoverError(`Another tool works on the cut-over of ${name}: wait until it has ended.`);
    const target = await Side.open(name, targetAdmin, targetLogin);
    sides.push(target);
    return await work(new Cutover(source, target, migrations, method));
  } catch (error) {
    throw interrupted(sides, error);
  } finally {
    await Promise.all(sides.map((side) => side.close()));
    await common.release();
  }
}

/** @throws UsageError */
async function administratorOf(to: string | undefined): Promise<string> {
  if (!to || !isPostgresUrl(to))
    return fail('--to has to be the administrator of the target: postgres://user@host:5432/database.');
  const url = new URL(to);
  if (url.password)
    return fail(
      '--to must have no password, which others could see: use CUTOVER_ADMIN_PASSWORD or CUTOVER_ADMIN_PASSWORD_FILE.',
    );
  const file = process.env['CUTOVER_ADMIN_PASSWORD_FILE'];
  const password = process.env['CUTOVER_ADMIN_PASSWORD'] ?? (file && (await secretIn(file)));
  if (password) url.password = encodeURIComponent(password);
  return url.href;
}

async function secretIn(file: string): Promise<string> {
  return await readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => fail('CUTOVER_ADMIN_PASSWORD_FILE: cannot be read'),
  );
}

/** What a lost connection has left undone is not known here. */
export function interrupted(sides: readonly Side[], error: unknown): unknown {
  const side = sides.find(({ lost }) => lost);
  if (!side || error instanceof CutoverError) return error;
  return new CutoverError(
    `The connection to ${side.place} was lost: ${side.lost!.message}. Nothing is lost: status says where it is, and who is in charge; repeat the step.`,
  );
}
