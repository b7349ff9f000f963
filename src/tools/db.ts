import type { Task } from '../database.js';
import { ConfigError } from '../platform/configuration.js';
import { oneOf, program, readArguments } from './cli.js';

const TASKS = ['provision', 'migrate', 'status'] as const satisfies readonly Task[];

const HELP = `
npm run db -- provision | migrate | status

Prepares the database by hand, as an administrator. In production the application itself has no right to do it.

  provision   makes a role and a schema for each module; harmless when they exist
  migrate     brings each module's schema up to date
  status      says which migrations are still to be run

Needs DATABASE_ADMIN_URL, and in production a <MODULE>_DATABASE_URL for each module: the login that provision makes.
`;

await program(import.meta.url, HELP, async (args) => {
  const { words } = readArguments(args, {}, true);
  const task = oneOf('The task', words[0], TASKS);
  const { readConfig } = await import('../config.js');
  const { administer } = await import('../database.js');
  const { modules } = await import('../modules.js');
  const config = readConfig(process.env, modules, { terminal: false, serves: false });
  if (!config.adminUrl) throw new ConfigError(['DATABASE_ADMIN_URL: required: an administrator of the database']);
  const lines = await administer(task, { ...config, adminUrl: config.adminUrl }, modules);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
});
