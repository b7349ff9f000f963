/** `breaking`, `drift` and `wrong` fail the check; a `warning` is a change that nobody depends on. */
export interface Finding {
  readonly level: 'breaking' | 'warning' | 'drift' | 'wrong';
  /** The file to look at, from the project's folder. */
  readonly file: string;
  readonly message?: string;
  readonly field?: string;
  readonly what: string;
  /** The modules that it would break. */
  readonly breaks: readonly string[];
  readonly todo: string;
}
