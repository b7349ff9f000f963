import { readFile, readdir } from 'node:fs/promises';
import { type Config, readConfig } from '../../src/config.js';
import { modules } from '../../src/modules.js';
import { contextOptions, livesHere } from '../../src/platform/bounded-context.js';
import { specsEnvOf } from '../../src/platform/testing/wiring.js';
import type { HostEnv } from './host-process.js';

/** A process as a manifest describes it. */
export interface Described {
  readonly name: string;
  readonly env: HostEnv;
}

/**
 * Reads a process's environment as the process itself would, with what is secret and stands in no manifest.
 * @throws ConfigError that names what is wrong
 */
export function configOf({ env }: Described): Config {
  return readConfig({ ...specsEnvOf(modules), ...env }, modules, { terminal: false, serves: true });
}

/**
 * What would go wrong between the processes of one topology. Modules of other repositories are in topologies of their own.
 *
 * @param whoAnswers the process behind an address `name:port`, and undefined when nobody is there
 */
export function topologyProblems(
  hosts: readonly Described[],
  whoAnswers: (address: string) => Described | undefined,
): string[] {
  const configs = hosts.map((host) => ({ host, config: configOf(host) }));
  const running = configs.flatMap(({ config }) => [...config.topology.running]);
  const names = new Set(running);
  const local = new Set(modules.filter(livesHere).map((module) => contextOptions(module)!.name));
  return [
    ...(names.size < running.length ? [`run twice: ${running.join(', ')}`] : []),
    ...configs.flatMap(({ host, config }) =>
      [...config.topology.remotes]
        .filter(([module]) => local.has(module))
        .flatMap(([module, url]) => seamProblem(host.name, module, url, whoAnswers)),
    ),
  ];
}

function seamProblem(
  asker: string,
  module: string,
  url: string,
  whoAnswers: (address: string) => Described | undefined,
): string[] {
  const { hostname, port } = new URL(url);
  const answerer = whoAnswers(`${hostname}:${port}`);
  if (!answerer) return [`${asker}: nobody answers at ${url}`];
  const { running, seam } = configOf(answerer).topology;
  if (!running.has(module)) return [`${asker}: ${module} does not run at ${url}`];
  return seam ? [] : [`${asker}: ${answerer.name} has no seam`];
}

/** The variables that docs/configuration.md names, for the modules there are, and those that the modules declare. */
export async function documentedVariables(): Promise<Set<string>> {
  const text = await readFile('docs/configuration.md', 'utf8');
  const names = [...text.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
  );
  const prefixes = (await moduleNames()).map((name) => name.toUpperCase().replaceAll('-', '_'));
  const ofShell = names.flatMap((name) =>
    name.includes('<MODULE>') ? prefixes.map((prefix) => name.replace('<MODULE>', prefix)) : [name],
  );
  const ofModules = modules.flatMap((module) => Object.keys(contextOptions(module)!.config?.schema.shape ?? {}));
  return new Set([...ofShell, ...ofModules]);
}

/** Variables that nobody reads. The standard ones of OpenTelemetry are read by its SDK. */
export function unknownVariables(env: HostEnv, known: ReadonlySet<string>): string[] {
  return Object.keys(env).filter((name) => !known.has(name) && !/^(OTEL|NODE)_/.test(name));
}

export async function moduleNames(): Promise<string[]> {
  const entries = await readdir('modules', { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
