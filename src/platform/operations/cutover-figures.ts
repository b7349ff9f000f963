import type { Database } from '../transaction/database.js';

/** How far the data of a module has moved to another database, as its own role can see it. */
export interface CutoverFigures {
  /** Absent while nothing of it is under way. */
  step?: { module: string; step: 'prepared' | 'switched' | 'returned' };
  /** Replication slots of cut-overs, of any module, on the server of this one. */
  slots: { module: string; slot: string; lagBytes: number }[];
}

const MOVING = `SELECT to_regclass('cutover_state') IS NOT NULL AS moving`;
const STEP = `SELECT CASE WHEN epoch = 0 THEN 'prepared' WHEN current = target THEN 'switched' ELSE 'returned' END AS step FROM cutover_state`;
const SLOTS = `SELECT slot_name AS slot, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), 0)::float8 AS "lagBytes"
                 FROM pg_replication_slots WHERE slot_name LIKE 'liftout\\_cutover\\_%'`;

/** Looks at a module's database. A slot is seen by every module whose database is on its server, also when it was left behind. */
export async function cutoverFigures({ module, pool }: Pick<Database, 'module' | 'pool'>): Promise<CutoverFigures[]> {
  const { rows: slots } = await pool.query<{ slot: string; lagBytes: number }>(SLOTS);
  const { rows: known } = await pool.query<{ moving: boolean }>(MOVING);
  const { rows: steps } = known[0]!.moving
    ? await pool.query<{ step: NonNullable<CutoverFigures['step']>['step'] }>(STEP)
    : { rows: [] };
  return [
    {
      ...(steps[0] && { step: { module, step: steps[0].step } }),
      slots: slots.map((each) => ({ ...each, module: moduleOf(each.slot) })),
    },
  ];
}

const moduleOf = (slot: string) => slot.replace(/^liftout_cutover_(.*)_(out|back)$/u, '$1').replaceAll('_', '-');
