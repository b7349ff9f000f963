import { variableOf } from '../../topology.js';
import { SEAM_PORT, seamService, STAYED, workload } from '../generate/templates/deployment.js';
import type { Draft } from './files.js';
import { helmAlone, helmWithout } from './helm.js';

const OVERLAYS = 'deploy/kubernetes/overlays/';
const ONE = 'one-process';
const BASE = 'deploy/kubernetes/base/app.yaml';
const HELM = /^deploy\/helm\/[^/]+\.yaml$/;
const HELM_ONE = 'deploy/helm/one-process.yaml';

/** The Kubernetes manifests of a repository that a module has left: its own workloads go, all others get its address. */
export function deployWithout(draft: Draft, module: string): void {
  for (const overlay of overlaysIn(draft)) {
    const folder = `${OVERLAYS}${overlay}/`;
    for (const path of hostsIn(draft, folder)) {
      const env = draft.files.get(path)!;
      if (modulesOf(env)?.join() === module) dropHost(draft, folder, path);
      else draft.set(path, withAddresses(withoutModule(env, module), { [module]: module }));
    }
    const [host, ...others] = hostsIn(draft, folder);
    // What is left of a split of that module alone is what the overlay of one process is.
    if (overlay !== ONE && host && others.length === 0) dropFolder(draft, folder);
    else if (!draft.files.has(`${folder}${STAYED}.yaml`)) addSeam(draft, folder, module);
  }
  draft.change(/^compose\b.*\.yaml$/, (text) => composeWithout(text, module));
  draft.change(HELM, (text, path) => helmWithout(text, module, path === HELM_ONE));
}

/** Those of the repository of one module: it is the workload, and the others answer at the front door of their own. */
export function deployAlone(draft: Draft, module: string, others: readonly string[]): void {
  const addresses = Object.fromEntries(others.map((name) => [name, STAYED]));
  for (const overlay of overlaysIn(draft)) if (overlay !== ONE) dropFolder(draft, `${OVERLAYS}${overlay}/`);
  const folder = `${OVERLAYS}${ONE}/`;
  const env = draft.files.get(`${folder}app.env`);
  if (env === undefined) return;
  draft.change(BASE, (text) => workload(module, text));
  draft.set(`${folder}app.env`, undefined);
  draft.set(`${folder}${module}.env`, withAddresses(env, addresses));
  draft.change(`${folder}kustomization.yaml`, (text) =>
    text
      .replace('name: app\n    envs: [app.env]', `name: ${module}\n    envs: [${module}.env]`)
      .replace(/^( +)(newTag: )/m, `$1newName: ${module}\n$1$2`),
  );
  draft.change(HELM, (_, path) => (path === HELM_ONE ? helmAlone(module, addresses) : undefined));
  draft.change(/^compose\..+\.yaml$/, (_, path) => (path === 'compose.yaml' ? _ : undefined));
  draft.change('compose.yaml', (text) => composeWith(text, addresses));
}

function overlaysIn(draft: Draft): Set<string> {
  const paths = [...draft.files.keys()].filter((path) => path.startsWith(OVERLAYS));
  return new Set(paths.map((path) => path.slice(OVERLAYS.length).split('/')[0]!));
}

const hostsIn = (draft: Draft, folder: string) =>
  [...draft.files.keys()].filter((path) => path.startsWith(folder) && path.endsWith('.env'));

function dropFolder(draft: Draft, folder: string): void {
  for (const path of draft.files.keys()) if (path.startsWith(folder)) draft.set(path, undefined);
}

function dropHost(draft: Draft, folder: string, path: string): void {
  const name = path.slice(folder.length, -'.env'.length);
  draft.set(path, undefined);
  draft.set(`${folder}${name}.yaml`, undefined);
  draft.change(`${folder}kustomization.yaml`, (text) =>
    text.replace(`  - ${name}.yaml\n`, '').replace(`  - name: ${name}\n    envs: [${name}.env]\n`, ''),
  );
}

function addSeam(draft: Draft, folder: string, module: string): void {
  draft.set(`${folder}${STAYED}.yaml`, seamService({ outside: [module] }));
  draft.change(`${folder}kustomization.yaml`, (text) =>
    text.replace('  - ../../base\n', `  - ../../base\n  - ${STAYED}.yaml\n`),
  );
}

const MODULES = /^( *MODULES[=:] ?)(.*)$/m;
const modulesOf = (env: string) => MODULES.exec(env)?.[2]?.split(',');
const withoutModule = (env: string, module: string) =>
  env.replace(
    MODULES,
    (_, name: string, list: string) =>
      name +
      list
        .split(',')
        .filter((each) => each !== module)
        .join(),
  );

/** The variables of a host, with where modules of other repositories answer. */
function withAddresses(env: string, addresses: Readonly<Record<string, string>>): string {
  const lines = Object.entries(addresses).map(([name, at]) => `${variableOf(name, 'URL')}=http://${at}:${SEAM_PORT}`);
  const wanted = [...lines, `SEAM_PORT=${SEAM_PORT}`];
  const missing = wanted.filter((line) => !new RegExp(`^${line.split('=')[0]}=`, 'm').test(env));
  const at = /^MODULES=.*\n/.exec(env)?.[0].length ?? 0;
  return env.slice(0, at) + missing.map((line) => `${line}\n`).join('') + env.slice(at);
}

function composeWithout(text: string, module: string): string {
  const address = new RegExp(`^ +${variableOf(module, 'URL')}: .*\\n`, 'gm');
  const service = /^ {2}[\w-]+:\n(?: {3,}.*\n|\n(?= {3}))*/gm;
  const left = text.replace(service, (block) =>
    modulesOf(block)?.join() === module ? '' : withoutModule(block, module),
  );
  return composeWith(left.replace(address, '').replace(/\n{3,}/g, '\n\n'), { [module]: module });
}

/** Every service has them, by what all have in common. */
function composeWith(text: string, addresses: Readonly<Record<string, string>>): string {
  const lines = Object.entries(addresses).map(([name, at]) => {
    const variable = variableOf(name, 'URL');
    return `  ${variable}: \${${variable}:-http://${at}:${SEAM_PORT}}\n`;
  });
  const seam = `  SEAM_PORT: ${SEAM_PORT}\n  SEAM_SECRET: \${SEAM_SECRET:-for-trying-out-only-9f3kQ7xZ2vLm}\n`;
  return text.replace(/^x-environment: .*\n(?: +.*\n)*/m, (block) => {
    const present = /^ {2}SEAM_PORT:/m.test(block) ? '' : seam;
    return block + present + lines.join('');
  });
}
