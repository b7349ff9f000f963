import type { Flow } from './flow.js';

/**
 * Whether the server that receives reaches the one it is to read from, and is let in there: a subscription is made, with a wrong password, and
 * rolled back. What the other server answers to the user's name says how far it came. Nothing is changed, nothing secret is sent.
 *
 * @returns what is in the way and what to do; undefined when nothing is
 */
export async function barrier(flow: Flow): Promise<string | undefined> {
  const { from, to, name } = flow;
  const answer = await attempt(flow);
  if (answer === undefined) return undefined;
  if (answer.includes('pg_hba.conf'))
    return `${to.place} reaches ${from.place}, but is not let in: allow the user ${name} in pg_hba.conf of ${from.place}, by password.`;
  // Whatever the language: who speaks of the user has been reached.
  if (answer.includes(name)) return undefined;
  return `${to.place} cannot reach ${from.place} by that name and port: ${answer}. Open the network, or name an address in the administrator's URL that both servers know.`;
}

async function attempt({ from, to, name, connection }: Flow): Promise<string | undefined> {
  const subscription = `${name}_probe`;
  await to.client.query('BEGIN');
  try {
    await to.client.query(
      `CREATE SUBSCRIPTION ${subscription} CONNECTION ${connection('wrong')} PUBLICATION ${subscription}
        WITH (create_slot = false, slot_name = NONE, enabled = false, copy_data = false)`,
    );
    return undefined;
  } catch (error) {
    return (
      (error as Error).message
        .split('\n')[0]!
        .replace(`subscription "${subscription}" `, '')
        .replaceAll('wrong', '…') || from.place
    );
  } finally {
    await to.client.query('ROLLBACK');
  }
}
