import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../platform/coded-error.js';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/** The command line is wrong: one clear line, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Ends the tool: `message` on stderr, exit 2. */
export function fail(message: string): never {
  throw new UsageError(message);
}

/**
 * Reads the flags of a tool, and the words between them.
 * @throws UsageError for an unknown flag, one without its value, or a word where none is expected
 */
export function readArguments<O extends Options>(
  args: readonly string[],
  options: O,
  words = false,
): { flags: Values<O>; words: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: words });
    return { flags: values, words: positionals };
  } catch (error) {
    // Node adds advice on how to pass it all the same; the first sentence is what is wrong.
    return fail(`${(error as Error).message.split(/[.\n]\s/u, 1)[0]!.replace(/\.$/, '')}. See --help.`);
  }
}

/** A flag's value, one of a few. @throws UsageError that lists them */
export function oneOf<T extends string>(flag: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  return (
    found ??
    fail(`${flag} has to be ${allowed.join(' or ')}${value === undefined ? '' : `, not "${value}"`}. See --help.`)
  );
}

/**
 * Runs a tool when its file is the program, and not when a spec imports it.
 *
 * @param url `import.meta.url` of the tool
 * @param help what `--help` and `-h` print
 * @param tool gets the arguments; what it throws ends the process: 2 when the command line or environment is wrong, else 1
 */
export async function program(url: string, help: string, tool: (args: string[]) => Promise<void>): Promise<void> {
  const started = process.argv[1];
  if (started === undefined || realpathSync(started) !== fileURLToPath(url)) return;
  const args = process.argv.slice(2);
  try {
    if (args.includes('--help') || args.includes('-h')) process.stdout.write(`${help.trim()}\n`);
    else await tool(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = error instanceof UsageError || error instanceof OperatorError ? 2 : 1;
  }
}
