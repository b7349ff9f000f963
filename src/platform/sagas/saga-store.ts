import type { ClientBase } from 'pg';

/** A command that a saga sent, and how it ended. */
export interface Step {
  command: string;
  outcome: 'sent' | 'ok' | 'error' | 'undone';
}

export interface SagaRow {
  saga: string;
  id: string;
  state: unknown;
  steps: Step[];
  status: 'running' | 'compensating' | 'done';
  timeout_name: string | null;
}

const COLUMNS = 'saga, id, state, steps, status, timeout_name';

/** Begins an instance. @returns whether it is new */
export async function insertSaga(client: ClientBase, saga: string, id: string): Promise<boolean> {
  const text = `INSERT INTO saga (saga, id) VALUES ($1, $2) ON CONFLICT DO NOTHING`;
  const { rowCount } = await client.query({ name: 'saga-insert', text, values: [saga, id] });
  return rowCount === 1;
}

/** Locks an instance: its messages are taken one at a time. */
export async function lockSaga(client: ClientBase, saga: string, id: string): Promise<SagaRow | undefined> {
  const text = `SELECT ${COLUMNS} FROM saga WHERE saga = $1 AND id = $2 FOR UPDATE`;
  return (await client.query<SagaRow>({ name: 'saga-lock', text, values: [saga, id] })).rows[0];
}

/** Locks one instance whose timeout has passed and that nobody else is working on. */
export async function lockTimedOut(client: ClientBase, sagas: readonly string[]): Promise<SagaRow | undefined> {
  const text = `SELECT ${COLUMNS} FROM saga WHERE timeout_at <= now() AND saga = ANY ($1)
                 ORDER BY timeout_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
  return (await client.query<SagaRow>({ name: 'saga-timed-out', text, values: [sagas] })).rows[0];
}

/** @param timeout `undefined` leaves it as it is, `null` disarms it */
export async function saveSaga(
  client: ClientBase,
  row: SagaRow,
  timeout: { name: string; afterMs: number } | null | undefined,
): Promise<void> {
  const keep = timeout === undefined;
  await client.query({
    name: 'saga-save',
    text: `UPDATE saga SET state = $3, steps = $4, status = $5, updated_at = now(),
                  timeout_name = CASE WHEN $6 THEN timeout_name ELSE $7 END,
                  timeout_at = CASE WHEN $6 THEN timeout_at ELSE now() + $8::float8 * interval '1 ms' END
            WHERE saga = $1 AND id = $2`,
    values: [
      row.saga,
      row.id,
      JSON.stringify(row.state),
      JSON.stringify(row.steps),
      row.status,
      keep,
      timeout?.name ?? null,
      timeout?.afterMs ?? null,
    ],
  });
}
