import { readdirSync } from 'node:fs';
import type { HostEnv } from './host-process.js';

const MODULES = readdirSync('modules', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** A login of its own for each module. The names of the roles carry the database's, as they belong to the cluster. */
export function logins(adminUrl: string): HostEnv {
  const urls = MODULES.map((module) => {
    const url = new URL(adminUrl);
    url.username = `liftout_${url.pathname.slice(1)}_${module}`;
    url.password = `secret-of-${module}`;
    return [`${module.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`, url.href] as const;
  });
  return Object.fromEntries(urls);
}
