/**
 * Erases what a module's own tables say of a person: provide one in the module, and `npm run erase` calls it. The
 * platform's tables (outbox, retry table, sagas, outcomes of commands) are not its business.
 *
 * It runs in one transaction of its module, without a message: it may use `Database` and publish, and calls nobody. Its
 * transaction is undone for `--dry-run`. Being called again for the same person has to be harmless.
 *
 * @example
 * class PatientEraser extends Eraser {
 *   constructor(private readonly database: Database) { super(); }
 *   async erase(userId: string) {
 *     const text = `UPDATE patient SET email = 'erased@example.invalid' WHERE user_id = $1 RETURNING 1`;
 *     return { patient: (await this.database.sql(text, [userId])).length };
 *   }
 * }
 */
export abstract class Eraser {
  /**
   * @param subject who is to be erased, as the `subject` fields of messages name them
   * @returns how many rows changed, by table; names and numbers only, for they are printed and logged
   */
  abstract erase(subject: string): Promise<Readonly<Record<string, number>>>;
}
