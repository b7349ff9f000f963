import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Why } from '../../platform/operations/actions.js';
import { fail } from './cli.js';

/** The flags of every action on the running system. */
export const WHY_FLAGS = { reason: { type: 'string' }, by: { type: 'string' } } as const;

const MAX_LENGTH = 500;

/**
 * Who does something, and why: as the flags say, the user of the system by default. Without a reason it is asked for, which
 * needs a terminal.
 *
 * @param task as the person has called it
 * @returns what gives it once it is needed
 * @throws UsageError before anything is done
 */
export function whyOf(task: string, { reason, by }: { reason?: string; by?: string }): () => Promise<Why> {
  const who = fine('--by', by ?? userInfo().username);
  if (reason !== undefined) {
    const why = { by: who, reason: fine('--reason', reason) };
    return () => Promise.resolve(why);
  }
  if (!process.stdin.isTTY) fail(`${task} needs --reason TEXT: it is kept why something was done. See --help.`);
  return async () => ({ by: who, reason: fine('The reason', await ask(`Why ${task}? It is kept: `)) });
}

function fine(what: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed !== '' && trimmed.length <= MAX_LENGTH) return trimmed;
  return fail(`${what} has to be a text of 1 to ${MAX_LENGTH} characters.`);
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
