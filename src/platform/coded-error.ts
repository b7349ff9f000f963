/** Names an error for good: what is searched for, in the code, in logs and on the page. */
type ErrorCode = `LIFTOUT_${string}`;

/** Has an entry for each code: its cause and its remedy. */
const PAGE = 'docs/errors.md';

/** An error whose code and page stand at the end of its message. */
export abstract class CodedError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${message}${message.includes('\n') ? '\n' : ' '}(${code}: ${PAGE})`, options);
    this.name = new.target.name;
  }
}

/**
 * An error for the person who starts the application or runs a command: its message says what was expected and what to
 * do, and is all that is printed. The process ends with exit code 2.
 */
export abstract class OperatorError extends CodedError {}
