import type { Config } from '../config.js';
import { ConfigError } from '../platform/configuration.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';

const TASKS = ['provision', 'migrate', 'status', 'url'] as const;

const HELP = `
npm run db -- provision | migrate | status [MODULE…]
npm run db -- url MODULE

Prepares the database by hand, as an administrator. In production the application itself has no right to do it.

  provision   makes a role and a schema for each module; harmless when they exist
  migrate     brings each module's schema up to date
  status      says which migrations are still to be run; needs no administrator
  url         prints the address of a module's database with its login, for psql and the like

Of the modules that are named, else of those in MODULES, else of all. What goes wrong with one of them is told, the others
are seen to, and the exit code is 1.

The administrator is that of DATABASE_ADMIN_URL. A module whose <MODULE>_DATABASE_URL is on another server, or in another
database, needs <MODULE>_DATABASE_ADMIN_URL. In production each module needs <MODULE>_DATABASE_URL: the login that
provision makes. In development, and without any of them, it is the embedded database.
`;

await program(import.meta.url, HELP, async (args) => {
  const { words } = readArguments(args, {}, true);
  const [task, ...named] = [oneOf('The task', words[0], TASKS), ...words.slice(1)];
  const { readConfig } = await import('../config.js');
  const { administer } = await import('./db/administer.js');
  const { modules } = await import('../modules.js');
  const { contextOptions, livesHere } = await import('../platform/bounded-context.js');
  const nameOf = (module: (typeof modules)[number]) => contextOptions(module)!.name;
  const known = modules.filter(livesHere).map(nameOf);
  for (const name of named)
    if (!known.includes(name)) fail(`There is no module "${name}"; expected some of ${known.join(', ')}.`);
  if (task === 'url' && named.length !== 1) fail(`url needs one module: one of ${known.join(', ')}.`);
  const env = named.length > 0 ? { ...process.env, MODULES: named.join(',') } : process.env;
  const config = readConfig(env, modules, { terminal: false, serves: false, talks: false });
  if (lacksAdministrator(task, config))
    throw new ConfigError(['DATABASE_ADMIN_URL: required: an administrator of the database']);
  const chosen = modules.filter((module) => config.topology.running.has(nameOf(module)));
  const { lines, failures } = await administer(task, config, chosen);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  process.stderr.write(failures.map((line) => `${line}\n`).join(''));
  if (failures.length > 0) process.exitCode = 1;
});

/** Where no module has an administrator of its own, the one thing that is missing is told once. */
function lacksAdministrator(task: (typeof TASKS)[number], config: Config): boolean {
  const changes = task === 'provision' || task === 'migrate';
  const own = [...config.topology.running].some((name) => config.moduleAdminUrls.has(name));
  return config.production && changes && !config.adminUrl && !own;
}
