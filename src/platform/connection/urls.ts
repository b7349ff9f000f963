import { createHash, createHmac } from 'node:crypto';

const POSTGRES = /^postgres(ql)?:\/\/[^/\s]+\/[^/?\s]+(\?\S*)?$/;

/** Whether a URL names a database, and can be taken apart: its port is one, and what is escaped in it can be read. */
export function isPostgresUrl(url: string): boolean {
  try {
    const { username, password, pathname, hash } = new URL(url);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return POSTGRES.test(url) && hash === '';
  } catch {
    return false;
  }
}

/** The URLs of a list: those of the servers that a module's data may be on, with spaces between. */
export const urlsOf = (list: string): string[] => list.split(/\s+/).filter((url) => url !== '');

/** Server and database of a URL, without login and options. */
export function describeUrl(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname.toLowerCase()}:${port || 5432}/${databaseOf(url)}`;
}

/** Stands before each mark in the name of a session. */
export const MODULE_MARK = ' +';

/** A short mark of a server and database, for the name of a session: which servers its process knows. */
export const markOf = (place: string) => createHash('sha256').update(place).digest('hex').slice(0, 6);

/** The name of a session, with a mark for each server where there are several. PostgreSQL cuts names at 63 bytes. */
export function sessionName(name: string, list: string): string {
  const urls = urlsOf(list);
  return urls.length < 2 ? name : [name, ...urls.map((url) => markOf(describeUrl(url)))].join(MODULE_MARK);
}

/** What is wrong with a list of URLs of PostgreSQL, never with a URL in it. @returns undefined when it can be used */
export function listProblem(list: string, expected: string): string | undefined {
  const urls = urlsOf(list);
  const wrong = urls.findIndex((url) => !isPostgresUrl(url));
  const place = urls.length > 1 ? ` (number ${wrong + 1} of the ${urls.length} in the list)` : '';
  if (urls.length === 0 || wrong >= 0) return `${expected}${place}, or several with spaces between`;
  const names = urls.map(describeUrl);
  const again = names.find((name, n) => names.indexOf(name) !== n);
  return again && `the list has ${again} twice: expected each database once`;
}

/** The role of a module. Roles belong to the whole cluster, so the name carries the database's. PostgreSQL cuts at 63 bytes. */
function roleName(database: string, module: string): string {
  const name = `liftout_${database}_${module}`;
  if (Buffer.byteLength(name) > 63) {
    throw new RangeError(`The role name "${name}" is longer than PostgreSQL's 63 bytes: use a shorter database name.`);
  }
  return name;
}

/**
 * The connection URL of a module's own role, derived from the administrator's URL: the same in every process that is
 * given the same URL, so that replicas agree without sharing anything else. For development only.
 */
export function moduleUrl(adminUrl: string, module: string): string {
  const url = new URL(adminUrl);
  const role = roleName(databaseOf(adminUrl), module);
  const secret = decodeURIComponent(url.password) || 'liftout-development';
  url.username = role;
  url.password = createHmac('sha256', secret).update(role).digest('base64url');
  return url.href;
}

export function databaseOf(url: string): string {
  const { pathname, username } = new URL(url);
  return decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username) || 'postgres';
}

/** Whether two URLs lead to the same database of the same server, as far as their text says so; whoever logs in. */
export function isSameDatabase(one: string, other: string): boolean {
  return describeUrl(one) === describeUrl(other);
}
