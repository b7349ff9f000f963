import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { progressOf } from '../delivery/retention.js';
import type { Sayings } from './event-transport.js';
import type { SeamClient } from './seam-client.js';
import { PATHS } from './wire.js';

const EVERY_MS = 10_000;
const ANSWER_MS = 5000;

/** How far consumers have come with a producer, as their process tells it. */
export const ReaderReport = z.array(z.object({ consumer: z.string(), position: z.string().regex(/^\d+$/) }));

/**
 * Tells the producers in other processes now and then how far their consumers here have come: from the first time on they
 * retire nothing that these have not read. What cannot be told while a producer is away is told later.
 */
export async function reportReaders({ remotes, databases }: Sayings, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.allSettled([...remotes.values()].map((client) => tell(client, databases, signal)));
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function tell(client: SeamClient, databases: Sayings['databases'], signal: AbortSignal): Promise<void> {
  const { module } = client.peer;
  const progress = await Promise.all(databases.map((database) => progressOf(database, module)));
  const report: z.input<typeof ReaderReport> = progress.flat();
  if (report.length === 0) return;
  await client.request('POST', `${PATHS.feeds}/${module}/readers`, JSON.stringify(report), ANSWER_MS, {}, signal);
}
