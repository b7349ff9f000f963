import { Pool } from 'undici';
import { CALLS, p50, WARM } from './calls.js';
import { PAYLOAD } from './payload.js';

/** A bare undici in a process of its own: where a message has a scope, every promise of the process costs more. */
const pool = new Pool(process.argv[2]!);
const headers = { 'content-type': 'application/json' };
const call = async () => {
  const answer = await pool.request({ method: 'POST', path: '/ask', headers, body: JSON.stringify(PAYLOAD) });
  return await answer.body.json();
};
await p50(call, WARM);
process.stdout.write(`${await p50(call, CALLS)}\n`);
await pool.close();
