import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contextOptions, livesHere } from '../platform/bounded-context.js';
import { fail, program, readArguments } from './lib/cli.js';
import { Changes } from './generate/changes.js';
import { checkShape } from './generate/names.js';
import { deploymentFiles } from './generate/templates/deployment.js';
import { loadModules } from './lib/load-modules.js';

const HELP = `
npm run new:deployment -- MODULE [MODULE ...] [--as NAME]

Writes a deployment in which each of these modules runs in a process of its own, and the others together: an overlay for
kustomize, deploy/kubernetes/overlays/NAME, values for Helm, deploy/helm/NAME.yaml, and compose.NAME.yaml. What all hosts have in common is taken from those that
run everything in one process. They are yours from then on: npm test checks whatever stands there.

  --as NAME    what it is called (default split)
  --help       prints this
`;

const FLAGS = { as: { type: 'string', default: 'split' } } as const;
const ONE = 'deploy/kubernetes/overlays/one-process';

/** @throws UsageError when the arguments are wrong, or a file is there already */
export function plan(args: readonly string[], modules: readonly string[], root: string): Changes {
  const { flags, words } = readArguments(args, FLAGS, true);
  const name = checkShape('--as', flags.as, 'split');
  const strange = words.find((word) => !modules.includes(word));
  if (words.length === 0) fail('The modules that leave have to be named, as in "billing". See --help.');
  if (strange !== undefined)
    fail(
      `There is no module "${strange}": ${modules.length > 0 ? `expected some of ${modules.join(', ')}` : 'make it first'}.`,
    );
  const staying = modules.filter((module) => !words.includes(module));
  if (staying.length === 0) fail('One module has to stay: its process is the front door of the others.');
  const changes = new Changes(root);
  const outside = modules.filter((module) => words.includes(module));
  for (const [path, text] of Object.entries(deploymentFiles({ name, outside, staying }, readPresent(root))))
    changes.add(path, text);
  return changes;
}

function readPresent(root: string) {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const [kustomization, env] = [read(`${ONE}/kustomization.yaml`), read(`${ONE}/app.env`)];
  return { base: read('deploy/kubernetes/base/app.yaml'), kustomization, env, compose: read('compose.yaml') };
}

await program(import.meta.url, HELP, async (args) => {
  const modules = (await loadModules()).filter(livesHere).map((module) => contextOptions(module)!.name);
  const changes = plan(args, modules, process.cwd());
  await changes.apply(() => undefined);
  process.stdout.write(changes.paths.map((path) => `wrote ${path}\n`).join(''));
  process.stdout.write('\nEach process needs a secret of its own name: see docs/guides/operate.md.\n');
  process.stdout.write('Now: npm test -- test/shipping\n');
});
