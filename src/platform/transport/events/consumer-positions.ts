import { z } from 'zod';
import type { Known } from '../../delivery/checkpoint/heard.js';
import type { Beginning, BeginAt } from '../../delivery/maintenance/replay-start.js';
import { Conflict } from '../../messaging/errors.js';
import type { SeamClient } from '../seam/seam-client.js';
import { PATHS, unanswered } from '../seam/wire.js';

const ANSWER_MS = 5000;
/** Messages are counted, and whoever retires rows is waited for. */
const COUNT_MS = 75_000;

const Names = z.array(z.string().min(1)).min(1);
const Position = z.int().min(0);

/** Part and division, and how far it was heard. */
export const HeardReport = z.array(z.object({ part: z.int().min(0), of: z.int().min(1), position: Position }));

const KnownAnswer = z.object({ heard: HeardReport.nullable(), end: Position, kept: Position.optional() });

/** A consumer goes on from a position at which the producer believes it to be farther. */
export const Lowering = z.object({ consumers: Names, position: Position });

/** A consumer wants to hear again what was said since a moment; null: everything. */
export const Rehearing = z.object({
  consumers: Names,
  from: z.iso.datetime().nullable(),
  streams: z.array(z.string()),
  types: z.array(z.string()),
});

const RehearingAnswer = z.union([
  z.object({ position: Position, messages: z.int() }),
  z.object({ oldest: z.iso.datetime() }),
]);

/**
 * What a producer in another process knows of a consumer here. Of a version that keeps no such knowledge the consumer is new.
 * @throws Unavailable when there is no answer
 */
export async function askRemote(client: SeamClient, names: readonly string[]): Promise<Known> {
  const asked = new URLSearchParams(names.map((name): [string, string] => ['consumer', name]));
  const path = `${PATHS.feeds}/${client.peer.module}/heard?${asked.toString()}`;
  const answer = await client.request('GET', path, '', ANSWER_MS);
  if (answer.status === 404) return { heard: null, end: Infinity };
  if (answer.status !== 200) throw unanswered(`what ${client.peer.module} knows of ${names[0]!}`, answer);
  return KnownAnswer.parse(JSON.parse(answer.body.toString()));
}

/** Tells a producer in another process that a consumer hears again what is beyond `position`. @throws Unavailable */
export async function lowerRemote(client: SeamClient, consumers: string[], position: number): Promise<void> {
  const body = JSON.stringify({ consumers, position } satisfies z.input<typeof Lowering>);
  const answer = await client.request('POST', `${PATHS.feeds}/${client.peer.module}/lower`, body, ANSWER_MS);
  if (answer.status === 404) throw tooOld(client);
  if (answer.status !== 200) throw unanswered(`the position of ${consumers[0]!} at ${client.peer.module}`, answer);
}

/** As {@link beginAgain}, of a producer in another process. @throws Unavailable; Conflict where its version cannot do it */
export async function beginRemote(client: SeamClient, { names, from, filter }: BeginAt): Promise<Beginning> {
  const { streams, types } = filter;
  const asked = { consumers: [...names], from: from?.toISOString() ?? null, streams: [...streams], types: [...types] };
  const body = JSON.stringify(asked satisfies z.input<typeof Rehearing>);
  const answer = await client.request('POST', `${PATHS.feeds}/${client.peer.module}/replay`, body, COUNT_MS);
  if (answer.status === 404) throw tooOld(client);
  if (answer.status !== 200) throw unanswered(`the replay of ${names[0]!} by ${client.peer.module}`, answer);
  const told = RehearingAnswer.parse(JSON.parse(answer.body.toString()));
  return 'oldest' in told ? { oldest: new Date(told.oldest) } : told;
}

const tooOld = ({ peer: { module } }: SeamClient) =>
  new Conflict('producer_too_old', `The version of ${module} that runs there cannot do this yet: deploy it first.`);
