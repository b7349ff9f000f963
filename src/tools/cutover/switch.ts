import type pg from 'pg';
import type { Flow } from './flow.js';
import { refuseUnaware } from './plan.js';
import type { Proof } from './proof.js';
import { compare, said } from './proof.js';
import type { Side } from './side.js';
import { CutoverError } from './side.js';
import type { State } from './state.js';
import { hasMark, mark, open, readState, report } from './state.js';
import { within } from './within.js';

/** The pause is given up, and the former side opened again, when what is left to carry takes longer: milliseconds. */
const DRAIN_TIMEOUT_MS = 5_000;
const PROOF_ATTEMPTS = 20;
/** How long a proof after the switch waits for what is carried back, at each attempt. */
const LAG_TIMEOUT_MS = 30_000;

export interface Switched {
  pauseMs: number;
  report: string;
}

/**
 * Makes the other side the current one.
 *
 * - The former side is frozen before the other one opens: at no time both take writes. What decides is one transaction, which
 *   marks the new side as the current one and lets its role write.
 * - Until then, whatever fails opens the former side again. Killed in between, it is frozen until this step, or `abort`, is
 *   repeated.
 * - From then on the counter flow carries what is written back to the former side, when the proof has ended.
 *
 * @param flow carries to the new side; `counter` back from it
 * @throws CutoverError saying which side is in charge
 */
export async function switchOver(state: State, flow: Flow, counter: Flow): Promise<Switched> {
  const { from, to } = flow;
  await refuseUnready(flow);
  // One that was killed just before it was decided has left it disabled.
  await flow.enable();
  await counter.begin(false);
  const proving = await to.again();
  try {
    const pauseMs = await pause(flow, counter, proving);
    await flow.end();
    return { pauseMs, report: await prove(counter, proving) };
  } finally {
    await proving.end();
  }
  async function pause(...[going, coming, snapshot]: [Flow, Flow, pg.Client]): Promise<number> {
    const since = performance.now();
    try {
      await from.freeze();
      await drained(going);
      await setSequences(from, to);
      await going.disable();
      await coming.skip();
      await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await snapshot.query('SELECT 1');
      await open(to, state);
    } catch (error) {
      await thawed(from, to, error as Error, () => coming.end());
    }
    return Math.round(performance.now() - since);
  }
}

async function refuseUnready(flow: Flow): Promise<void> {
  const { copying } = await flow.progress();
  if (copying.length > 0)
    throw new CutoverError(`It still copies ${copying.join(', ')}: wait, see status. ${flow.from.place} is in charge.`);
  await refuseUnaware(flow.from, flow.to);
}

async function drained(flow: Flow): Promise<void> {
  if (!(await carried(flow, DRAIN_TIMEOUT_MS)))
    throw new Error(`${flow.to.place} is too far behind, or a long transaction of another module holds it back`);
}

/** Waits until all that was written so far has come to the other side. @returns whether it has, in that time */
async function carried({ from, to }: Flow, timeoutMs: number): Promise<boolean> {
  const wanted = await mark(from);
  return await within(timeoutMs, () => hasMark(to, wanted));
}

export async function setSequences(from: Side, to: Side): Promise<void> {
  const text =
    'SELECT sequencename AS name, last_value::text AS last, start_value::text AS start FROM pg_sequences WHERE schemaname = $1';
  const all = await from.rows<{ name: string; last: string | null; start: string }>(text, [from.module]);
  const set = all.map(
    ({ name, last, start }) => `setval(${to.client.escapeLiteral(to.table(name))}, ${last ?? start}, ${last !== null})`,
  );
  if (set.length > 0) await to.client.query(`SELECT ${set.join(', ')}`);
}

/**
 * Opens the former side again, unless the other one is open: that has to be known.
 * @throws CutoverError saying which side is in charge
 */
export async function thawed(from: Side, to: Side, error: Error, clear?: () => Promise<void>): Promise<never> {
  await to.client.query('ROLLBACK').catch(() => undefined);
  const state = await readState(from, to).catch(() => undefined);
  if (state?.current === to.place)
    throw new CutoverError(`${to.place} is in charge, and the step was not finished: ${error.message}. Repeat it.`);
  if (!state)
    throw new CutoverError(
      `The switch failed: ${error.message}. ${from.place} stays frozen, since ${to.place} cannot be asked: repeat the step.`,
    );
  await from.client.query(from.opening);
  await clear?.().catch(() => undefined);
  throw new CutoverError(`The switch failed: ${error.message}. ${from.place} is in charge; repeat the step.`);
}

/** Compares the frozen side with the snapshot of the other one, then lets the counter flow begin. */
async function prove(counter: Flow, snapshot: pg.Client): Promise<string> {
  const { from, to } = counter;
  try {
    const proof = await compare(from, to.client, snapshot);
    await snapshot.query('COMMIT');
    await counter.enable();
    const equal = proof.different.length === 0;
    return await kept(counter, `${equal ? 'Proven' : 'DIFFERENT'} by the snapshot of the switch: ${said(proof)}`);
  } catch {
    return await proveLater(counter);
  }
}

/**
 * Where the snapshot is gone: applies the counter flow, and compares each chunk that differs again when the lag has passed it, a bounded
 * number of times.
 * @throws CutoverError where what is written does not come to the other side
 */
export async function proveLater(counter: Flow): Promise<string> {
  const { from, to } = counter;
  await counter.enable();
  const first = await compare(from, to.client, from.client);
  let { different } = first;
  for (let attempt = 1; different.length > 0 && attempt < PROOF_ATTEMPTS; attempt++) {
    if (!(await carried(counter, LAG_TIMEOUT_MS)))
      throw new CutoverError(
        `${from.place} is in charge. The switch is not proven: what it writes does not come to ${to.place}, status says why. Repeat the step.`,
      );
    ({ different } = await compare(from, to.client, from.client, different));
  }
  const proof: Proof = { ...first, different };
  const equal = different.length === 0;
  return await kept(counter, `${equal ? 'Proven' : 'NOT PROVEN'} after the switch, chunk by chunk: ${said(proof)}`);
}

async function kept(counter: Flow, text: string): Promise<string> {
  await report(counter.from, text);
  return text;
}
