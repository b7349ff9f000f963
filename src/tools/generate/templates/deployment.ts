import { variableOf } from '../../../topology.js';

/** What is there of a deployment in one process, from which that of several follows. */
interface Present {
  /** `deploy/kubernetes/base/app.yaml` */
  base: string;
  /** `deploy/kubernetes/overlays/one-process/kustomization.yaml` and `app.env` */
  kustomization: string;
  env: string;
  /** `compose.yaml` */
  compose: string;
}

/** Who runs where: the modules that leave, each by itself, and those that stay together. */
interface Split {
  name: string;
  outside: readonly string[];
  staying: readonly string[];
}

export const SEAM_PORT = 4000;
/** Behind which the modules that stay are, in Compose and in Kubernetes. */
const FRONT = 'front-door';
export const STAYED = 'app-seam';

/** The files by which some modules run in processes of their own, by path. */
export function deploymentFiles(split: Split, present: Present): Record<string, string> {
  const folder = `deploy/kubernetes/overlays/${split.name}`;
  const files = {
    'kustomization.yaml': kustomization(split, present.kustomization),
    [`${STAYED}.yaml`]: seamService(split),
    'app.env': environment(split.staying, split, present.env),
    ...Object.fromEntries(split.outside.map((module) => [`${module}.yaml`, workload(module, present.base)])),
    ...Object.fromEntries(split.outside.map((module) => [`${module}.env`, environment([module], split, present.env)])),
  };
  const kubernetes = Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text] as const);
  return {
    ...Object.fromEntries(kubernetes),
    [`deploy/helm/${split.name}.yaml`]: helmValues(split),
    [`compose.${split.name}.yaml`]: composeFile(split, present.compose),
  };
}

/** Values for the chart, which finds the addresses by itself. */
const helmValues = (split: Split) => `# ${whoRuns(split)}
#   helm upgrade --install app deploy/helm/chart -f deploy/helm/${split.name}.yaml
hosts:
  app:
    modules: [${split.staying.join(', ')}]
    public: true
${split.outside.map((module) => `  ${module}:\n    modules: [${module}]\n`).join('')}`;

const whoRuns = ({ outside }: Split) =>
  `${outside.join(', ')} in ${outside.length === 1 ? 'a process of its own' : 'processes of their own'}, everything else in another.`;

function kustomization(split: Split, onePresent: string): string {
  const { outside } = split;
  const images = /^images:\n(?: .*\n?)*/m.exec(onePresent)?.[0] ?? '';
  const configMaps = ['app', ...outside].map((name) => `  - name: ${name}\n    envs: [${name}.env]\n`).join('');
  return `# ${whoRuns(split)}
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
${outside.map((module) => `  - ${module}.yaml\n`).join('')}  - ${STAYED}.yaml
configMapGenerator:
${configMaps}${images}`;
}

export const seamService = ({
  outside,
}: Pick<
  Split,
  'outside'
>) => `# Where ${outside.join(', ')} ${outside.length === 1 ? 'reaches' : 'reach'} the modules that stayed.
${service(STAYED, 'app')}`;

const service = (name: string, app: string) => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector:
    app.kubernetes.io/name: ${app}
  ports:
    - name: seam
      port: ${SEAM_PORT}
      targetPort: seam
`;

/** As the one of the whole application, but for its name, and that only other hosts reach it. */
export function workload(module: string, base: string): string {
  const documents = base.split(/^---\n/m).filter((text) => !/^kind: Service$/m.test(text));
  const named = documents.map((text) =>
    text.replace(/^(\s*(?:- )?(?:app\.kubernetes\.io\/)?name: )app$/gm, `$1${module}`),
  );
  const head = `# ${module} by itself. Only the other hosts reach it: its public routes stay at the front door.\n`;
  return head + [...named.map((text) => text.replace(/\n*$/, '\n')), service(module, module)].join('---\n');
}

function environment(here: readonly string[], { outside, staying }: Split, present: string): string {
  const others = [...staying, ...outside].filter((module) => !here.includes(module));
  const seams = others.map((module) => `${variableOf(module, 'URL')}=${addressOf(module, outside, STAYED)}`);
  return `MODULES=${here.join(',')}\n${seams.join('\n')}\nSEAM_PORT=${SEAM_PORT}\n${present}`;
}

const addressOf = (module: string, outside: readonly string[], stayed: string) =>
  `http://${outside.includes(module) ? module : stayed}:${SEAM_PORT}`;

/** To be read after `compose.yaml`, from which it has what is common to all hosts: anchors do not reach across files. */
function composeFile(split: Split, compose: string): string {
  const { name, outside, staying } = split;
  const common = ['x-host', 'x-environment'].map(
    (block) => new RegExp(`^${block}: (?:.*\\n)(?: .*\\n)*`, 'm').exec(compose)?.[0] ?? '',
  );
  const services = [
    composeService(FRONT, staying, split, `    ports: ['127.0.0.1:3000:3000']\n`),
    ...outside.map((module) => composeService(module, [module], split, '')),
  ];
  return `# ${outside.join(', ')} in ${outside.length === 1 ? 'a process of its own' : 'processes of their own'}, for trying things out on one machine:
#   docker compose -f compose.yaml -f compose.${name}.yaml --profile ${name} up --build
${common.join('\n')}
x-seam: &seam
  SEAM_PORT: ${SEAM_PORT}
  SEAM_SECRET: \${SEAM_SECRET:-for-trying-out-only-9f3kQ7xZ2vLm}

services:
${services.join('\n')}`;
}

function composeService(
  service: string,
  here: readonly string[],
  { name, outside, staying }: Split,
  ports: string,
): string {
  const others = [...staying, ...outside].filter((module) => !here.includes(module));
  const seams = others.map((module) => `      ${variableOf(module, 'URL')}: ${addressOf(module, outside, FRONT)}\n`);
  return `  ${service}:
    <<: *host
    profiles: [${name}]
${ports}    environment:
      <<: [*environment, *seam]
      MODULES: ${here.join(',')}
${seams.join('')}`;
}
