import { expect } from '@jest/globals';
import type { Described } from '../support/described-hosts.js';
import type { HostEnv } from '../support/host-process.js';
import { logins } from '../support/logins.js';
import type { Manifest, Rendered } from './kubernetes.js';

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
export interface Workload extends Manifest {
  spec: { replicas?: number; template: { metadata: { labels: Record<string, string> }; spec: Pod } };
}
interface Service extends Manifest {
  spec: { selector: Record<string, string>; ports: { port: number; targetPort: string }[] };
}

export const of = <T extends Manifest>(manifests: readonly Manifest[], kind: string) =>
  manifests.filter((manifest) => manifest.kind === kind) as T[];

/** The processes of a topology, each with its variables and the secrets that it is given. */
export function hosts({ manifests, configMaps }: Rendered): Described[] {
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
export function answering({ manifests }: Rendered, here: readonly Described[]) {
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

/** Nobody has root, a file system to write on, a capability or the account of the cluster. */
export function expectWithoutPower(workloads: readonly Workload[]): void {
  for (const { spec } of workloads) {
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
}

/** Hosts are asked for their health, have time to end, and one of them stays through a disruption. */
export function expectWatched({ manifests }: Rendered): void {
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
