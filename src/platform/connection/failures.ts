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

/**
 * A unique key exists already.
 *
 * @example
 * await this.insert(letter).catch((error) => {
 *   if (isUniqueViolation(error)) throw new Conflict('letter_exists', 'There is such a letter already.');
 *   throw error;
 * });
 */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

/** The server takes no writes: a standby, or the former primary after a fail-over. */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** The server does not let this login in, or does not have its database. */
export function isRefusedLogin(error: unknown): boolean {
  return /^(28...|3D000)$/.test(codeOf(error));
}

/** PostgreSQL cancelled the statement: it took too long, or somebody with the right to has ended it. */
export function isCancelled(error: unknown): boolean {
  return codeOf(error) === '57014';
}

/**
 * What PostgreSQL says of a connection that is lost or was never made, as opposed to a statement that it refuses:
 *
 * - 080: the connection broke; 08P01 is also what a statement with too few values gets
 * - 25006: no writes, see {@link isReadOnly}
 * - 25P03, 25P04, 57P05: the session stood still, or its transaction was open, for longer than the server allows
 * - 28, 3D000: the login is refused, or the database is not there
 * - 53300: no connections are left
 * - 57P01 to 57P04: the server stops, has crashed, is not ready yet, or the database was dropped
 */
const LOST_STATE = /^(080..|25006|25P0[34]|28...|3D000|53300|57P0[1-5])$/;
/** PostgreSQL, or a pooler in front of it, ends the session with such an error, whatever its code. */
const LAST_WORDS = /^(FATAL|PANIC)$/;
/** What `pg` and its pool say, which have no codes. */
const LOST_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Cannot use a pool after|Client .* not queryable$)/;

/** Failures of a connection to the database, which look like those of any other: code ECONNRESET, and so on. */
const lost = new WeakSet<object>();

/** To be called with what ends a connection to the database, or keeps it from being made. */
export function noteLost(error: Error): void {
  lost.add(error);
}

/**
 * The connection to the database is lost, or cannot be made or used: nothing is wrong with the statement, and the same may
 * succeed on another one. Looks through the causes. The one place that decides it: such a failure is no attempt of a
 * message, and no fault to a client, who is told to try again.
 */
export function isConnectionFailure(error: unknown): boolean {
  if (!isFailure(error)) return false;
  return saysLost(error) || isConnectionFailure(error.driverError) || isConnectionFailure(error.cause);
}

type Failure = Error & { driverError?: Error; severity?: string };

const isFailure = (error: unknown): error is Failure => typeof error === 'object' && error !== null;

function saysLost(error: Failure): boolean {
  if (lost.has(error) || LOST_STATE.test(codeOf(error))) return true;
  return LAST_WORDS.test(error.severity ?? '') || LOST_MESSAGE.test(error.message);
}

const NETWORK_CODE = /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET)/;

/** Something in the network could not be reached, whatever it is: an outside service as well. Looks through the causes. */
export function isUnreachable(error: unknown): boolean {
  if (!isFailure(error)) return false;
  return isConnectionFailure(error) || NETWORK_CODE.test(codeOf(error)) || isUnreachable(error.cause);
}
