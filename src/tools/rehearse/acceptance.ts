import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JEST } from '../test/jest.js';

/** A suite that takes longer hangs. */
const SUITE_TIMEOUT_MS = 15 * 60_000;

/** What the suite found. */
export interface Verdict {
  passed: number;
  /** The names of what failed; the first line of why. */
  failures: { name: string; why: string }[];
}

interface SuiteOptions {
  /** The front door. */
  url: string;
  /** Where the development key lies with which the suite signs its tokens. */
  dataDir: string;
  /** How long its client goes on asking where the answer is 503, in milliseconds. */
  patienceMs: number;
  /** Regular expression for the files; all of `test/acceptance` by default. */
  files?: string;
  /** Ends it early. */
  signal?: AbortSignal;
}

/** Runs the acceptance suite, as it is, against a running application. */
export async function acceptance({ url, dataDir, patienceMs, files, signal }: SuiteOptions): Promise<Verdict> {
  const report = join(dataDir, 'acceptance.json');
  const args = [...JEST, files ?? 'test/acceptance', '--json', `--outputFile=${report}`, '--testTimeout=90000'];
  const place = { BASE_URL: url, DATA_DIR: dataDir, ACCEPTANCE_TIMEOUT_MS: String(patienceMs) };
  // The suite has no database of its own: it asks what a client can ask.
  const env = { ...process.env, ...place, TEST_DATABASE_URL: 'none' };
  const ending = { timeout: SUITE_TIMEOUT_MS, killSignal: 'SIGKILL', ...(signal && { signal }) } as const;
  const child = spawn(process.execPath, args, { env, stdio: 'ignore', ...ending });
  // An end by the signal is one, and no fault.
  child.once('error', () => undefined);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return verdict(await readFile(report, 'utf8').catch(() => undefined), code);
}

interface Report {
  numPassedTests: number;
  testResults: {
    name: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

/** A suite that says nothing has not passed. */
function verdict(text: string | undefined, code: number | null): Verdict {
  if (text === undefined) return { passed: 0, failures: [{ name: 'the suite itself', why: `it ended with ${code}` }] };
  const { numPassedTests: passed, testResults } = JSON.parse(text) as Report;
  const failures = testResults.flatMap(({ name: file, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (assertionResults.length === 0) return [{ name: file, why: firstLine(message) }];
    return failed.map(({ fullName, failureMessages }) => ({ name: fullName, why: firstLine(failureMessages[0]) }));
  });
  if (passed === 0 && failures.length === 0) failures.push({ name: 'the suite itself', why: 'no test was run' });
  return { passed, failures };
}

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'gu');
const firstLine = (text = '') =>
  text
    .replaceAll(ANSI, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 4)
    .join(' | ')
    .slice(0, 300);
