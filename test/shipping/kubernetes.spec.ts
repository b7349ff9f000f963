import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import type { HostEnv } from '../support/host-process.js';
import { logins } from '../support/logins.js';
import type { Manifest, Rendered } from './kubernetes.js';
import { render, schemaProblems } from './kubernetes.js';
import type { Described } from '../support/described-hosts.js';
import { configOf, documentedVariables, topologyProblems, unknownVariables } from '../support/described-hosts.js';

const ADMIN_URL = 'postgres://admin:secret@postgres:5432/shop';
const SEAM_SECRET = 'PkA3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nS';

interface Pod {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  securityContext: Record<string, unknown>;
  containers: Container[];
  terminationGracePeriodSeconds?: number;
}
interface Container {
  image: string;
  command?: string[];
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  ports?: { name: string; containerPort: number }[];
  resources: { requests: object; limits: { memory: string; cpu?: string } };
  securityContext: Record<string, unknown>;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
}
interface Probe {
  httpGet: { path: string; port: string };
}
interface Workload extends Manifest {
  spec: { replicas?: number; template: { metadata: { labels: Record<string, string> }; spec: Pod } };
}
interface Service extends Manifest {
  spec: { selector: Record<string, string>; ports: { port: number; targetPort: string }[] };
}

const OVERLAYS = readdirSync('deploy/kubernetes/overlays');
const overlays = new Map<string, Rendered>();
let database: Rendered;
beforeAll(async () => {
  for (const name of OVERLAYS) overlays.set(name, await render(`deploy/kubernetes/overlays/${name}`));
  database = await render('deploy/kubernetes/database');
});

const all = () => [database, ...overlays.values()].flatMap(({ manifests }) => manifests);
const of = <T extends Manifest>(manifests: readonly Manifest[], kind: string) =>
  manifests.filter((manifest) => manifest.kind === kind) as T[];
const workloads = () => all().filter(({ kind }) => ['Deployment', 'Job'].includes(kind)) as Workload[];

/** The processes of an overlay, each with its variables and the secrets that it is given. */
function hosts({ manifests, configMaps }: Rendered): Described[] {
  return of<Workload>(manifests, 'Deployment').map(({ metadata: { name }, spec }) => {
    const { envFrom } = spec.template.spec.containers[0]!;
    expect(envFrom).toEqual([{ configMapRef: { name } }, { secretRef: { name } }]);
    const env = configMaps.get(name)!;
    return { name, env: { NODE_ENV: 'production', ...env, ...secretOf(env) } };
  });
}

/** A host has the logins of its own modules, and the secret of the seam where there is one. */
function secretOf({ MODULES, SEAM_PORT }: HostEnv): HostEnv {
  const wanted = MODULES?.split(',').map((name) => `${name.toUpperCase()}_DATABASE_URL`);
  const urls = Object.entries(logins(ADMIN_URL)).filter(([name]) => wanted?.includes(name) ?? true);
  return { ...Object.fromEntries(urls), ...(SEAM_PORT !== undefined && { SEAM_SECRET }) };
}

/** The process behind `service:port`. */
function answering({ manifests }: Rendered, here: readonly Described[]) {
  return (address: string) => {
    const service = of<Service>(manifests, 'Service').find(({ metadata, spec }) =>
      spec.ports.some(({ port }) => address === `${metadata.name}:${port}`),
    );
    const target = service?.spec.ports.find(({ port }) => address.endsWith(`:${port}`))?.targetPort;
    const pods = of<Workload>(manifests, 'Deployment').find(({ spec }) =>
      Object.entries(service?.spec.selector ?? {}).every(([k, v]) => spec.template.metadata.labels[k] === v),
    );
    const port = pods?.spec.template.spec.containers[0]!.ports?.find(({ name }) => name === target)?.containerPort;
    return here.find(({ name, env }) => name === pods?.metadata.name && env['SEAM_PORT'] === String(port));
  };
}

describe('the manifests', () => {
  it('are what the schemas of their kinds allow', async () => {
    expect(all().length).toBeGreaterThan(5);
    for (const manifest of all()) expect(await schemaProblems(manifest)).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['/spec/replicaz is no field', { replicaz: 3 }],
    ['must be integer', { replicas: 'three' }],
  ])('manifests with a mistake are refused: %s', async (message, mistake) => {
    const [deployment] = of<Workload>(all(), 'Deployment');
    const wrong = { ...deployment!, spec: { ...deployment!.spec, ...(mistake as object) } };
    expect((await schemaProblems(wrong)).join()).toContain(message);
  });

  it('give nobody root, a file system to write on, a capability or the account of the cluster', () => {
    for (const { spec } of workloads()) {
      const pod = spec.template.spec;
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      const [container] = pod.containers;
      const withheld = {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      };
      expect(container!.securityContext).toEqual(withheld);
      expect(container!.resources).toMatchObject({ requests: { cpu: /m$/, memory: /Mi$/ }, limits: { memory: /Mi$/ } });
    }
  });

  it('give the rights of the administrator to the job, and to no host', () => {
    const withSecret = workloads().filter(({ spec }) =>
      spec.template.spec.containers.some(({ envFrom }) => envFrom.some((e) => e.secretRef?.name === 'database-admin')),
    );
    expect(withSecret.map(({ metadata }) => metadata.name)).toEqual(['prepare-database']);
    for (const overlay of overlays.values())
      for (const env of overlay.configMaps.values()) expect(Object.keys(env).join()).not.toMatch(/DATABASE|SECRET/);
  });

  it('ask hosts for their health, leave them time to end, and keep one of them through a disruption', () => {
    for (const { manifests } of overlays.values()) {
      const budgets = of<Manifest & { spec: { selector: object } }>(manifests, 'PodDisruptionBudget');
      for (const { metadata, spec } of of<Workload>(manifests, 'Deployment')) {
        const [container] = spec.template.spec.containers;
        expect(container!.livenessProbe!.httpGet).toEqual({ path: '/health/live', port: 'http' });
        expect(container!.startupProbe!.httpGet).toEqual({ path: '/health/live', port: 'http' });
        expect(container!.readinessProbe!.httpGet).toEqual({ path: '/health/ready', port: 'http' });
        expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
        expect(budgets.map((budget) => budget.metadata.name)).toContain(metadata.name);
        expect(spec.replicas).toBeGreaterThan(1);
      }
    }
  });
});

describe.each(OVERLAYS)('the topology %s', (name) => {
  it('has hosts that can read their environment, and no variable that nobody reads', async () => {
    const known = await documentedVariables();
    for (const host of hosts(overlays.get(name)!)) {
      expect(configOf(host)).toMatchObject({ production: true, port: 3000 });
      expect(unknownVariables(host.env, known)).toEqual([]);
    }
  });

  it('runs each module once, and every seam leads to who runs the module', () => {
    const rendered = overlays.get(name)!;
    const here = hosts(rendered);
    expect(topologyProblems(here, answering(rendered, here))).toEqual([]);
  });

  it('lets only hosts reach the seam', () => {
    const { manifests } = overlays.get(name)!;
    const [policy] = of<Manifest & { spec: { ingress: { ports: { port: number }[]; from?: unknown[] }[] } }>(
      manifests,
      'NetworkPolicy',
    );
    const open = policy!.spec.ingress.filter(({ from }) => from === undefined).flatMap(({ ports }) => ports);
    expect(open).toEqual([{ port: 3000 }]);
  });
});

// example:begin
describe('the overlay of the example, until its module has left', () => {
  it('is what npm run new:deployment writes for payments', async () => {
    const { readFileSync } = await import('node:fs');
    const { plan } = await import('../../src/tools/new-deployment.js');
    const { moduleNames } = await import('../support/described-hosts.js');
    const changes = plan(['payments', '--as', 'apart'], await moduleNames(), process.cwd());
    const here = 'deploy/kubernetes/overlays/split';
    if (!OVERLAYS.includes('split')) return;
    for (const file of readdirSync(here))
      expect(changes.textOf(`deploy/kubernetes/overlays/apart/${file}`)).toBe(readFileSync(`${here}/${file}`, 'utf8'));
  });
});
// example:end
