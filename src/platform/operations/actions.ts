import type { ClientBase } from 'pg';
import { z } from 'zod';
import { currentMessage, SYSTEM } from '../messaging/context/context.js';
import { transact } from '../transaction/transact.js';
import type { Runtime } from '../runtime/runtime.js';

/** Who does something to the running system, and why. */
export interface Why {
  by: string;
  reason: string;
}

/** What was done, as it is kept. */
export interface OperatorAction extends Why {
  /** ISO 8601, UTC. */
  at: string;
  module: string;
  /** Such as `retry`. */
  action: string;
  /** To what: an id, or what was selected and how many there were. */
  what: string;
}

type Client = Pick<ClientBase, 'query'>;

/** What every action over HTTP has to say. */
export const Reason = z.string().trim().min(1).max(500);
export const Reasoned = z.strictObject({ reason: Reason });

/** The person of the token that came with the request. */
export const whyByToken = (reason: string): Why => ({
  by: currentMessage()?.actor.sub ?? SYSTEM.sub,
  reason,
});

/** Keeps what is done, in the transaction of `client`: in the schema of the module that it is done to, and for good. */
export async function noteAction(client: Client, { by, reason }: Why, action: string, what: string): Promise<void> {
  const text = 'INSERT INTO operator_action (by_whom, action, what, reason) VALUES ($1, $2, $3, $4)';
  await client.query(text, [by, action, what, reason]);
}

/**
 * Keeps, before it is done, what is done in several transactions.
 * @param owner the module it is done to; where it is not of this process, every module here keeps it
 */
export async function noteAhead(
  runtime: Runtime,
  owner: string,
  why: Why,
  action: string,
  what: string,
): Promise<void> {
  const own = runtime.databases.filter(({ module }) => module === owner);
  for (const database of own.length > 0 ? own : runtime.databases)
    await transact(database, (client) => noteAction(client, why, action, what));
}

/** What was done to the modules here, the latest first. */
export async function listActions(runtime: Runtime, limit: number): Promise<OperatorAction[]> {
  const text = `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
                       by_whom AS by, action, what, reason FROM operator_action ORDER BY id DESC LIMIT $1`;
  const lists = await Promise.all(
    runtime.databases.map(async ({ module, pool }) =>
      (await pool.query<Omit<OperatorAction, 'module'>>(text, [limit])).rows.map((row) => ({ module, ...row })),
    ),
  );
  return lists
    .flat()
    .sort((a, b) => Number(a.at < b.at) - Number(a.at > b.at))
    .slice(0, limit);
}
