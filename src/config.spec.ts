import { describe, expect, it } from '@jest/globals';
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
  const perModule = [
    '<MODULE>_URL',
    '<MODULE>_DATABASE_URL',
    '<MODULE>_DATABASE_DIRECT_URL',
    '<MODULE>_DATABASE_ADMIN_URL',
  ];
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

describe('a pooler in front of a database', () => {
  const given = (direct: string | undefined, url: string | undefined, more: NodeJS.ProcessEnv = {}) => ({
    ...(direct !== undefined && { LETTERS_DATABASE_DIRECT_URL: direct }),
    ...(url !== undefined && { LETTERS_DATABASE_URL: url }),
    ...more,
  });
  const read = (env: NodeJS.ProcessEnv) => readConfig(env, [Letters], { terminal: false, serves: true });
  const [direct, pooler] = ['postgres://letters:a@db:5432/post', 'postgres://letters:a@pooler:6432/post'];

  it('is for pools; all else goes past it', () => {
    const config = read(given(direct, pooler, { DATABASE_PREPARED: 'off' }));
    expect([config.moduleUrls.get('letters'), config.poolerUrls.get('letters')]).toEqual([direct, pooler]);
    expect(config.prepared).toBe(false);
    expect([...read(given(undefined, direct)).poolerUrls]).toEqual([]);
  });

  it.each([
    [
      given(direct, undefined),
      '- LETTERS_DATABASE_DIRECT_URL: expected LETTERS_DATABASE_URL beside it, which leads to the pooler',
    ],
    [
      given(direct, pooler.replace('letters:', 'other:')),
      '- LETTERS_DATABASE_DIRECT_URL: expected the user of LETTERS_DATABASE_URL',
    ],
    [given('nowhere', pooler), '- LETTERS_DATABASE_DIRECT_URL: expected a URL like postgres:'],
    [given(direct, pooler, { DATABASE_PREPARED: 'no' }), '- DATABASE_PREPARED: expected on or off'],
  ])('is refused where it cannot be right: %j', (env, problem) => {
    expect(() => read(env)).toThrow(problem);
  });
});
