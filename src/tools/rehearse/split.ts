import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { variableOf } from '../../topology.js';

/** One process of several: the modules in it, and the variables that make it so. */
export interface Part {
  readonly modules: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where its public routes answer. */
  readonly url: string;
}

/**
 * The environments of processes that together are the application.
 *
 * @param groups which modules share a process; the first one is the front door
 * @param scheme of their seams
 */
export async function split(groups: readonly (readonly string[])[], scheme = 'http'): Promise<Part[]> {
  const secret = randomBytes(32).toString('base64');
  const ports = await freePorts(groups.length * 2);
  const seamOf = (group: number) => ports[group * 2 + 1]!;
  return groups.map((modules, here) => {
    const remote = groups.flatMap((others, group) =>
      group === here ? [] : others.map((name) => [variableOf(name, 'URL'), `${scheme}://127.0.0.1:${seamOf(group)}`]),
    );
    const port = ports[here * 2]!;
    const own = {
      MODULES: modules.join(','),
      PORT: String(port),
      SEAM_PORT: String(seamOf(here)),
      SEAM_SECRET: secret,
    };
    return { modules, env: { ...own, ...Object.fromEntries(remote) }, url: `http://127.0.0.1:${port}` };
  });
}

/** One module outside; or, with `all`, every module on its own. */
export function groupsOf(all: readonly string[], outside: string): string[][] {
  if (outside === 'all') return all.map((name) => [name]);
  return [all.filter((name) => name !== outside), [outside]];
}

/** Ports on which nothing listens. All are held until all are known, so that none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listening()));
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function listening() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready, failed) => server.once('listening', ready).once('error', failed));
  return server;
}
