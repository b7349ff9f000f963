import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { heldBy } from '../../delivery/maintenance/holders.js';
import { progressOf } from '../../delivery/maintenance/retention.js';
import { HeardReport } from './consumer-positions.js';
import type { TransportHost } from './event-transport.js';
import type { SeamClient } from '../seam/seam-client.js';
import { PATHS } from '../seam/wire.js';

const EVERY_MS = 10_000;
const ANSWER_MS = 5000;

/** How far consumers have come with a producer, as their process tells it. */
export const ReaderReport = z.array(
  z.object({
    consumer: z.string(),
    // Nineteen digits where nothing more is read.
    position: z.string().regex(/^\d{1,18}$|^9223372036854775807$/),
    heard: HeardReport.optional(),
    formerly: z.array(z.string()).optional(),
  }),
);

/** For how long modules have held their oldest message, as their process tells it. */
export const HoldingReport = z.array(
  z.object({ module: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/), oldestMs: z.number().min(0).nullable() }),
);

/**
 * Tells the modules in other processes now and then how far their consumers here have come, and how old the messages are
 * that the modules here hold: from the first time on they retire nothing that these have not read, and remember commands
 * that these may repeat. What cannot be told while a module is away is told later.
 */
export async function reportReaders({ remotes, databases }: TransportHost, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.allSettled([...remotes.values()].map((client) => tell(client, databases, signal)));
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A version that does not know of holdings answers that there is no such path: it forgets as it always did. */
async function tell(client: SeamClient, databases: TransportHost['databases'], signal: AbortSignal): Promise<void> {
  const { module } = client.peer;
  const progress = Promise.all(databases.map((database) => progressOf(database, module)));
  const send = async (what: string, report: readonly object[]) => {
    if (report.length === 0) return;
    await client.request('POST', `${PATHS.feeds}/${module}/${what}`, JSON.stringify(report), ANSWER_MS, {}, signal);
  };
  await Promise.allSettled([
    progress.then((all) => send('readers', all.flat() satisfies z.input<typeof ReaderReport>)),
    heldBy(databases).then((held) => send('holders', held satisfies z.input<typeof HoldingReport>)),
  ]);
}
