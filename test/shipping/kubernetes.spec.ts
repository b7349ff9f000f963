import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import type { Manifest, Rendered } from './kubernetes.js';
import { render, schemaProblems } from './kubernetes.js';
import type { Workload } from './workloads.js';
import { answering, expectWatched, expectWithoutPower, hosts, of } from './workloads.js';
import { configOf, documentedVariables, topologyProblems, unknownVariables } from '../support/described-hosts.js';

const OVERLAYS = readdirSync('deploy/kubernetes/overlays');
const overlays = new Map<string, Rendered>();
let database: Rendered;
beforeAll(async () => {
  for (const name of OVERLAYS) overlays.set(name, await render(`deploy/kubernetes/overlays/${name}`));
  database = await render('deploy/kubernetes/database');
});

const all = () => [database, ...overlays.values()].flatMap(({ manifests }) => manifests);
const workloads = () => all().filter(({ kind }) => ['Deployment', 'Job'].includes(kind)) as Workload[];

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
    expectWithoutPower(workloads());
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
    for (const overlay of overlays.values()) expectWatched(overlay);
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
    expect(changes.textOf('deploy/helm/apart.yaml').replaceAll('apart', 'split')).toBe(
      readFileSync('deploy/helm/split.yaml', 'utf8'),
    );
    for (const file of readdirSync(here))
      expect(changes.textOf(`deploy/kubernetes/overlays/apart/${file}`)).toBe(readFileSync(`${here}/${file}`, 'utf8'));
  });
});
// example:end
