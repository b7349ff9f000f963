import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BoundedContextOptions } from '../platform/bounded-context.js';
import { contextOptions, livesHere } from '../platform/bounded-context.js';
import { fail, program, readArguments } from './lib/cli.js';
import { Changes } from './generate/changes.js';
import { routesOf } from './generate/routes.js';
import { acceptanceSpec, topologySpec } from './generate/templates/acceptance.js';
import { loadModules } from './lib/load-modules.js';

const HELP = `
npm run new:acceptance -- MODULE

Writes test/acceptance/MODULE.spec.ts, a spec of the module over HTTP: it starts the application, or asks the one that
runs at BASE_URL; it is ready, refuses who may not come in, and does what its routes without parameters say, once for each
key. Where there are other modules: also test/topology/MODULE.tier2.spec.ts, which runs the same with MODULE in a
process of its own. What is there already is left as it is.

  --help    prints this
`;

type Module = Pick<BoundedContextOptions, 'name' | 'controllers'>;

/** @throws UsageError when the arguments are wrong, or there is nothing to write */
export function plan(args: readonly string[], modules: readonly Module[], root: string): Changes {
  const { words } = readArguments(args, {}, true);
  const [name, extra] = words;
  if (extra !== undefined) fail(`Unexpected argument '${extra}'. See --help.`);
  if (name === undefined) fail('The module has to be named, as in "billing". See --help.');
  const module = modules.find((each) => each.name === name) ?? unknown(name, modules);
  const files = filesFor(module, modules.length > 1);
  const missing = Object.entries(files).filter(([path]) => !existsSync(join(root, path)));
  if (missing.length === 0) fail(`${Object.keys(files).join(' and ')}: there already, so nothing was written.`);
  const changes = new Changes(root);
  for (const [path, text] of missing) changes.add(path, text);
  return changes;
}

function filesFor(module: Module, others: boolean): Record<string, string> {
  return {
    [`test/acceptance/${module.name}.spec.ts`]: acceptanceSpec(module.name, routesOf(module)),
    ...(others && { [`test/topology/${module.name}.tier2.spec.ts`]: topologySpec(module.name) }),
  };
}

function unknown(name: string, modules: readonly Module[]): never {
  const known = modules.length > 0 ? `expected one of ${modules.map((each) => each.name).join(', ')}` : 'make it first';
  return fail(`There is no module "${name}": ${known}.`);
}

await program(import.meta.url, HELP, async (args) => {
  const contexts = (await loadModules()).filter(livesHere).map((module) => contextOptions(module)!);
  const changes = plan(args, contexts, process.cwd());
  await changes.apply(() => undefined);
  process.stdout.write(changes.paths.map((path) => `wrote ${path}\n`).join(''));
  process.stdout.write(
    '\nThe bodies in it are made up by their schemas: say better ones where a module asks for more.\n',
  );
  process.stdout.write(`Now: npm test -- ${changes.paths.join(' ')}\n`);
});
