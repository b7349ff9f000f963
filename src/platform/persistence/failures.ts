/** The SQLSTATE or system error code of a failure of pg or TypeORM. */
function codeOf(error: unknown): string {
  const { driverError, code } = (error ?? {}) as { driverError?: { code?: string }; code?: string };
  return driverError?.code ?? code ?? '';
}

/** Deadlock, serialisation failure or stale plan: the same transaction may well succeed when it is run again. */
export function isRetryable(error: unknown): boolean {
  return codeOf(error) === '40P01' || codeOf(error) === '40001' || isStalePlan(error);
}

/** A prepared statement returns other columns since a migration. */
export function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && (error as Error).message.includes('cached plan must not change result type');
}

/** A unique key exists already. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

const CONNECTION_CODE = /^(ECONN|EPIPE|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|57P0|08|53300)/;
const CONNECTION_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|Cannot use a pool after/;

/** The database could not be reached, as opposed to refusing a statement; looks through the causes. */
export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (CONNECTION_CODE.test(codeOf(error)) || CONNECTION_MESSAGE.test(error.message)) return true;
  return isConnectionFailure(error.cause);
}
