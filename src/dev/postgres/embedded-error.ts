import { OperatorError } from '../../platform/coded-error.js';

/** Ends every message: the way out that always works. */
export const WAY_OUT = 'Or set DATABASE_URL to use a PostgreSQL server of your own.';

/** A failure for the person who starts the application: says what was expected and what to do. */
export class EmbeddedError extends OperatorError {
  constructor(message: string, options?: ErrorOptions) {
    super('LIFTOUT_EMBEDDED_POSTGRES', message, options);
  }
}

/**
 * Makes any failure one that can be shown to the user.
 *
 * @param dataDir the folder that was asked for, to be named in the message
 * @returns the error itself if it is an `EmbeddedError`; otherwise one with the original as its `cause`
 */
export function explain(error: unknown, dataDir: string): EmbeddedError {
  if (error instanceof EmbeddedError) return error;
  const { code, message, path } = error as NodeJS.ErrnoException;
  const reason = advice(code, path ?? dataDir) ?? `${message ?? String(error)}.`;
  const text = `Embedded PostgreSQL cannot be used in ${dataDir}: ${reason} ${WAY_OUT}`;
  return new EmbeddedError(text, { cause: error });
}

function advice(code: string | undefined, path: string): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `this user (${process.geteuid?.()}) may not write or read ${path}. Start as the user who owns the folder, change its owner, or set DATA_DIR to another folder.`;
    case 'EROFS':
      return `${path} is on a read-only file system. Set DATA_DIR to a folder that can be written.`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `there is no space left for ${path}. Free about 100 MB or set DATA_DIR to another disk.`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `a file is in the way at ${path}, where a folder was expected. Move it or set DATA_DIR elsewhere.`;
    default:
      return undefined;
  }
}
