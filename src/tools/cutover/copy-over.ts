import { copyRows } from './copy.js';
import { refuseUnaware } from './plan.js';
import { compare, said } from './proof.js';
import type { Side } from './side.js';
import type { State } from './state.js';
import { open } from './state.js';
import { setSequences, type Switched, thawed } from './switch.js';

/**
 * Makes the other side the current one without replication: everything is copied, and compared, while nobody may write. The same that decides
 * as with replication: one transaction, which marks the new side as the current one and lets its role write.
 *
 * @throws CutoverError saying which side is in charge
 */
export async function copyOver(state: State, from: Side, to: Side): Promise<Switched> {
  await refuseUnaware(from, to);
  const since = performance.now();
  try {
    await from.freeze();
    await copyRows(from, to);
    await setSequences(from, to);
    const proof = await compare(from, from.client, to.client);
    if (proof.different.length > 0) throw new Error(`after the copy the two sides differ: ${said(proof)}`);
    const report = `Proven before the switch, while neither side took writes: ${said(proof)}`;
    await open(to, state, report);
    return { pauseMs: Math.round(performance.now() - since), report };
  } catch (error) {
    return await thawed(from, to, error as Error);
  }
}
