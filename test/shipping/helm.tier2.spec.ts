import { beforeAll, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  configOf,
  documentedVariables,
  moduleNames,
  topologyProblems,
  unknownVariables,
} from '../support/described-hosts.js';
import type { HostEnv } from '../support/host-process.js';
import { needs } from '../support/needs.js';
import { findProgram } from '../support/programs.js';
import { emptyFolder } from '../support/stage.js';
import type { Manifest, Rendered } from './kubernetes.js';
import { schemaProblems } from './kubernetes.js';
import type { Workload } from './workloads.js';
import { answering, expectWatched, expectWithoutPower, hosts, of } from './workloads.js';
import { parseYaml } from './yaml.js';

const describe = needs('helm');
const CHART = 'deploy/helm/chart';
/** What is off by default, on. */
const MORE = ['--set', 'monitor.enabled=true,monitor.labels.release=prometheus,defaults.autoscaling.enabled=true'];

interface Job extends Workload {
  metadata: Workload['metadata'] & { annotations: Record<string, string> };
}

const helm = (...args: string[]) => execFileSync(findProgram('helm')!, args, { encoding: 'utf8' });

function template(...args: string[]): Rendered {
  const manifests = parseYaml<Manifest | null>(helm('template', 'app', CHART, ...args), CHART).filter(
    (each) => each !== null,
  );
  const maps = of<Manifest & { data: HostEnv }>(manifests, 'ConfigMap');
  return { manifests, configMaps: new Map(maps.map(({ metadata, data }) => [metadata.name, data])) };
}

const FILES = readdirSync('deploy/helm').filter((name) => name.endsWith('.yaml'));
const topologies = new Map<string, string[]>(FILES.map((file) => [file, ['-f', `deploy/helm/${file}`]]));
let modules: string[];
beforeAll(async () => {
  modules = await moduleNames();
  const folder = await emptyFolder();
  const valuesOf = (name: string, values: object) => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(values));
    topologies.set(name, ['-f', path]);
  };
  const [first, ...others] = modules;
  if (!first) return;
  const each = modules.map((module) => [module, { modules: [module], public: module === first }]);
  valuesOf('a process for each module', { hosts: Object.fromEntries(each) });
  const elsewhere = Object.fromEntries(others.map((module) => [module, 'http://app-seam:4000']));
  valuesOf('a lifted module by itself', { hosts: { [first]: { modules: [first] } }, elsewhere, seam: true });
});

describe.each([...FILES, 'a process for each module', 'a lifted module by itself'])('the chart, %s', (name) => {
  const args = () => topologies.get(name);

  it('is what lint and the schemas of all kinds allow, with everything on as well', async () => {
    if (!args()) return expect(modules).toEqual([]);
    expect(helm('lint', '--strict', CHART, ...args()!)).toContain('0 chart(s) failed');
    for (const more of [[], MORE]) {
      const { manifests } = template(...args()!, ...more);
      expect(manifests.length).toBeGreaterThan(5);
      for (const manifest of manifests) expect(await schemaProblems(manifest)).toEqual([]);
    }
  });

  it('has hosts that can read their environment, and find each other by DNS', async () => {
    if (!args()) return expect(modules).toEqual([]);
    const rendered = template(...args()!);
    const here = hosts(rendered);
    const known = await documentedVariables();
    for (const host of here) {
      expect(configOf(host)).toMatchObject({ production: true, port: 3000, opsPort: 9464 });
      expect(unknownVariables(host.env, known)).toEqual([]);
    }
    // What is elsewhere answers elsewhere.
    const seams = topologyProblems(here, answering(rendered, here));
    const alone = name === 'a lifted module by itself' ? modules.slice(1) : [];
    expect(seams).toEqual(alone.map(() => `${modules[0]}: nobody answers at http://app-seam:4000`));
  });

  it('gives nobody power, watches each host, and only hosts reach the seam', () => {
    if (!args()) return expect(modules).toEqual([]);
    const rendered = template(...args()!);
    const { manifests } = rendered;
    expectWithoutPower([...of<Workload>(manifests, 'Deployment'), ...of<Workload>(manifests, 'Job')]);
    expectWatched(rendered);
    const [policy] = of<Manifest & { spec: { ingress: { ports: { port: number }[]; from?: unknown[] }[] } }>(
      manifests,
      'NetworkPolicy',
    );
    const open = policy!.spec.ingress.filter(({ from }) => from === undefined).flatMap(({ ports }) => ports);
    expect(open).toEqual([{ port: 3000 }]);
  });

  it('prepares the database before anything starts, in the only pod with the rights for it', () => {
    if (!args()) return expect(modules).toEqual([]);
    const { manifests } = template(...args()!);
    const [job] = of<Job>(manifests, 'Job');
    expect(job!.metadata.annotations['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    const admins = [job!, ...of<Workload>(manifests, 'Deployment')].filter(({ spec }) =>
      spec.template.spec.containers.some(({ envFrom }) => envFrom.some((e) => e.secretRef?.name === 'database-admin')),
    );
    expect(admins.map(({ metadata }) => metadata.name)).toEqual([job!.metadata.name]);
  });
});

describe('the chart', () => {
  it('leaves the number of replicas to KEDA where it scales by the age of messages', () => {
    const [still] = of<Workload>(template().manifests, 'Deployment');
    const { manifests } = template(...MORE);
    const [scaled] = of<Workload>(manifests, 'Deployment');
    expect([still!.spec.replicas, scaled!.spec.replicas]).toEqual([2, undefined]);
    expect(of(template().manifests, 'ScaledObject')).toEqual([]);
    const query = JSON.stringify(of(manifests, 'ScaledObject')[0]);
    expect(query).toContain('max(liftout_delivery_oldest_seconds)');
  });

  it.each<[string, string, string]>([
    [
      'a host without modules beside another',
      'hosts.app.modules={a},hosts.b.public=true',
      'hosts.b.modules: with several hosts, each names the modules that it runs',
    ],
    ['a module in two hosts', 'hosts.app.modules={a},hosts.b.modules={a}', 'hosts: a runs in app and in b'],
    [
      'a secret among the variables',
      'env.SEAM_SECRET=x',
      'env: SEAM_SECRET is secret: put it into the Secret of the host',
    ],
    ['a login among the variables', 'env.A_DATABASE_URL=x', 'env: A_DATABASE_URL is secret'],
    ['an address that is none', 'elsewhere.a=nowhere', "/elsewhere/a': 'nowhere' does not match pattern"],
    ['a value that nobody reads', 'defaults.replicaz=3', "'replicaz' not allowed"],
  ])('refuses %s', (_, values, message) => {
    const { status, stderr } = spawnSync(findProgram('helm')!, ['template', 'app', CHART, '--set', values], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});
