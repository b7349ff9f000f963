import { readFile } from 'node:fs/promises';
import { fail } from '../../lib/cli.js';

const TIMEOUT_MS = 30_000;

export const isUrl = (source: string) => /^https?:\/\//.test(source);

/**
 * What a file holds.
 * @throws UsageError that names the flag when it cannot be read
 */
export async function textOfFile(flag: string, path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) =>
    fail(`${flag}: ${path} cannot be read (${error.code}). Expected a file, or an address with http://.`),
  );
}

/**
 * What an address answers.
 * @throws UsageError that names the flag when there is no answer, or none of 200
 */
export async function textAt(flag: string, url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok) return await answer.text();
    return fail(`${flag}: ${url} answers ${answer.status}. ${EXPECTED[flag] ?? ''}`.trim());
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    if ((error as Error).name === 'UsageError') throw error;
    return fail(`${flag}: ${url} does not answer (${cause?.code ?? message}). ${EXPECTED[flag] ?? ''}`.trim());
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  '--metrics': 'Expected the address of Prometheus, or of one /metrics.',
  '--traces': 'Expected the address of Jaeger’s query service, such as http://localhost:16686.',
};
