import type { Rehearsal } from './platform/transport/fault-injection/rehearsal.js';
import type { SeamClient } from './platform/transport/seam/seam-client.js';
import type { Topology } from './topology.js';

/** The modules that run elsewhere. What asks them is loaded only where there are any: a process starts sooner without. */
export async function remoteModules({ running, remotes, seam }: Topology): Promise<SeamClient[]> {
  if (remotes.size === 0) return [];
  const { SeamClient } = await import('./platform/transport/seam/seam-client.js');
  const identity = { sender: [...running].join('+'), secret: seam?.secret ?? '', ...(seam?.tls && { tls: seam.tls }) };
  return [...remotes].map(([module, url]) => new SeamClient({ module, url }, identity));
}

export async function openRehearsal({ rehearsal }: Topology): Promise<Rehearsal | undefined> {
  if (!rehearsal) return undefined;
  const { Rehearsal } = await import('./platform/transport/fault-injection/rehearsal.js');
  return new Rehearsal(rehearsal);
}
