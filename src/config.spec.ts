import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readConfig, VARIABLES } from './config.js';
import { modules } from './modules.js';
import { BoundedContext, contextOptions } from './platform/bounded-context.js';
import { defineConfig } from './platform/configuration.js';
import { VARIABLES as TOPOLOGY } from './topology.js';

const page = readFileSync('docs/configuration.md', 'utf8');
/** What the first columns of its tables name, and the variables in its text. */
const listed = [...page.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([A-Z<>_]+)`/g)]);
const named = listed.map(([, name]) => name!);
const mentioned = new Set([...page.matchAll(/`([A-Z_]+)[`=]/g)].map(([, name]) => name!));

const ofModules = modules.flatMap((module) => Object.keys(contextOptions(module)!.config?.schema.shape ?? {}));
const read = new Set([...VARIABLES, ...TOPOLOGY, ...ofModules]);
/** The exporters read more of the standard ones than is checked here. */
const own = (name: string) => !name.startsWith('OTEL_');

/** Those of modules are on their page: see `npm run map`. */
it('the page on configuration has every variable that the shell reads', () => {
  expect([...VARIABLES, ...TOPOLOGY].filter((name) => own(name) && !mentioned.has(name))).toEqual([]);
});

it('the page on configuration has no variable that nobody reads, and none twice', () => {
  const perModule = ['<MODULE>_URL', '<MODULE>_DATABASE_URL', '<MODULE>_DATABASE_ADMIN_URL'];
  expect(named.filter((name) => own(name) && !read.has(name) && !perModule.includes(name))).toEqual([]);
  expect(named.filter((name, index) => named.indexOf(name) !== index)).toEqual([]);
});

class CourierConfig extends defineConfig({
  COURIER_URL: z.url().describe('where couriers are booked'),
  COURIER_KEY: z.string({ error: 'has to be the key of the contract' }),
}) {}
@BoundedContext({ name: 'couriers', contracts: {}, providers: [], config: CourierConfig })
class Couriers {}
@BoundedContext({ name: 'letters', contracts: {}, providers: [] })
class Letters {}

const problemsOf = (env: NodeJS.ProcessEnv) => () =>
  readConfig(env, [Couriers, Letters], { terminal: false, serves: true });

it('tells of a required variable what it is, in the words of the module where it has some', () => {
  expect(problemsOf({})).toThrow(/- COURIER_URL: required: where couriers are booked\n/);
  expect(problemsOf({})).toThrow(/- COURIER_KEY: has to be the key of the contract$/m);
  expect(problemsOf({ COURIER_URL: 'nowhere' })).toThrow(/- COURIER_URL: Invalid URL\n/);
});

it('asks a module that does not run here for no variable, also where something else is wrong', () => {
  const env = { MODULES: 'letters', PORT: 'nowhere' };
  expect(problemsOf(env)).toThrow(/- PORT: /);
  expect(problemsOf(env)).toThrow(/- COURIERS_URL: required/);
  expect(problemsOf(env)).not.toThrow(/COURIER_(?:URL|KEY)/);
});
