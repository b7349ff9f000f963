import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pact } from './pact.js';
import { fileOf } from './files.js';
import type { Provider } from './provider.js';
import { ProviderUnderTest } from './provider.js';

/** The part that is read of what Pact's verifier reports. */
interface Told {
  readonly errors?: readonly { interaction: string; mismatch: Mismatch }[];
}

interface Mismatch {
  readonly type: string;
  readonly message?: string;
  readonly mismatches?: readonly { type: string; mismatch?: string; path?: string }[];
}

/** How long one request of the verifier may take, in milliseconds: more than a state and its message. */
const TIMEOUT_MS = 30_000;

/**
 * Has Pact's own verifier ask a module whether it meets pacts.
 *
 * @param pacts those of one consumer or several, each for HTTP or for messages
 * @returns of each pact what is not met, a paragraph each; empty when all is
 * @throws Error when the module does not start
 */
export async function verify(provider: Provider, pacts: readonly Pact[]): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'pacts-'));
  const under = await ProviderUnderTest.start(provider);
  try {
    const failures: string[][] = [];
    for (const pact of pacts) {
      const path = join(folder, fileOf(pact));
      await writeFile(path, JSON.stringify(pact));
      under.problems.length = 0;
      const told = await ask(path, pact.provider.name, under.port);
      const why = under.problems.map((problem) => `  ${problem}`);
      const said = `${fileOf(pact)}: what the module said meanwhile\n${why.join('\n')}`;
      failures.push([...(told.errors ?? []).map((error) => textOf(pact, error)), ...(why.length > 0 ? [said] : [])]);
    }
    return failures;
  } finally {
    await under.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ask(path: string, provider: string, port: number): Promise<Told> {
  const { default: core } = await import('@pact-foundation/pact-core');
  const url = `http://127.0.0.1:${port}`;
  try {
    await core.default.verifyPacts({
      provider,
      providerBaseUrl: url,
      pactUrls: [path],
      providerStatesSetupUrl: `${url}/states`,
      transports: [{ protocol: 'message', scheme: 'http', port, path: '/messages' }],
      timeout: TIMEOUT_MS,
      logLevel: 'error',
      failIfNoPactsFound: true,
    });
    return {};
  } catch (error) {
    return reportIn(error as Error);
  }
}

/** @throws the error where it is no report */
function reportIn(error: Error): Told {
  try {
    return JSON.parse(error.message) as Told;
  } catch {
    throw error;
  }
}

function textOf(pact: Pact, { interaction, mismatch }: NonNullable<Told['errors']>[number]): string {
  const lines = mismatch.mismatches?.map(({ path, mismatch: what, type }) => `${path ?? ''} ${what ?? type}`.trim());
  const what = lines ?? [mismatch.message ?? JSON.stringify(mismatch)];
  return [`${fileOf(pact)}: ${interaction}`, ...what.map((line) => `  ${line}`)].join('\n');
}
