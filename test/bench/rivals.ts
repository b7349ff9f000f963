import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages } from '../support/packages.js';

/** They are installed here, by the first benchmark that wants them, and never into the project itself. */
const FOLDER = resolve('test/bench/rivals');

/** What is used of graphile-worker: https://worker.graphile.org */
export interface GraphileModule {
  run(options: object): Promise<{ stop(): Promise<void> }>;
  runMigrations(options: object): Promise<void>;
  Logger: new (factory: () => () => void) => object;
}

export interface GraphileHelpers {
  query(text: string, values: unknown[]): Promise<unknown>;
  withPgClient<T>(
    work: (client: { query(text: string, values?: unknown[]): Promise<unknown> }) => Promise<T>,
  ): Promise<T>;
}

/** What is used of pg-boss: https://pgboss.io */
export interface PgBossModule {
  PgBoss: new (options: object) => Boss;
}

export interface Boss {
  on(event: 'error', listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  stop(options: object): Promise<void>;
  createQueue(name: string, options: object): Promise<void>;
  insert(name: string, jobs: readonly object[]): Promise<unknown>;
  send(name: string, data: object, options: object): Promise<unknown>;
  work<T>(name: string, options: object, handler: (jobs: { data: T }[]) => Promise<void>): Promise<string>;
}

/** What is used of DBOS: https://docs.dbos.dev */
export interface Dbos {
  setConfig(config: object): void;
  launch(): Promise<void>;
  shutdown(): Promise<void>;
  registerWorkflow<T extends unknown[]>(
    work: (...args: T) => Promise<void>,
    options: object,
  ): (...args: T) => Promise<void>;
  startWorkflow<T extends unknown[]>(work: (...args: T) => Promise<void>): (...args: T) => Promise<unknown>;
  runStep(step: () => Promise<void>, options: object): Promise<void>;
}

export async function graphileWorker(): Promise<GraphileModule> {
  // Otherwise it writes a line for each job, which would be held against it.
  process.env['NO_LOG_SUCCESS'] = '1';
  return (await load('graphile-worker/dist/index.js')) as GraphileModule;
}

export async function pgBoss(): Promise<PgBossModule> {
  return (await load('pg-boss/dist/index.js')) as PgBossModule;
}

export async function dbos(): Promise<{ DBOS: Dbos }> {
  return (await load('@dbos-inc/dbos-sdk/dist/src/index.js')) as { DBOS: Dbos };
}

/** Name and version of each. */
export function rivalVersions(): string[] {
  const read = (path: string) => JSON.parse(readFileSync(join(FOLDER, path), 'utf8')) as Record<string, never>;
  const names = Object.keys(read('package.json')['dependencies']!);
  return names.map((name) => `${name} ${read(join('node_modules', name, 'package.json'))['version']}`);
}

async function load(path: string): Promise<unknown> {
  const file = join(FOLDER, 'node_modules', path);
  if (!existsSync(file)) install();
  return (await import(pathToFileURL(file).href)) as unknown;
}

function install(): void {
  if (!installPackages(FOLDER))
    throw new Error(`npm ci --prefix ${FOLDER} failed: the rivals are not there to be measured.`);
}
