import { contextOptions } from '../platform/bounded-context.js';
import { fail, oneOf, program, readArguments } from './cli.js';
import { checkContracts } from './contracts/check.js';
import type { ContextContracts } from './contracts/describe.js';
import { passes, textOf } from './contracts/report.js';
import { updateContracts } from './contracts/update.js';

const HELP = `
npm run contracts -- check [--base REV] [--json]
npm run contracts -- update [--force]

Keeps what modules may rely on of each other's messages: a snapshot and samples beside each module.

  check         compares the contracts with the committed snapshots; fails on a change that breaks a consumer without a
                new version, when a stored sample cannot be read, and when the snapshots are out of date
  --base REV    compares with the snapshots of a git revision instead
  --json        prints [{level, file, message, field, what, breaks, todo}]
  update        writes the snapshots, and a sample of each new message
  --force       also where that hides a breaking change: for a message that was never released
  --help        prints this

Exit codes: 0 fine, 1 not, 2 could not check.
`;

const FLAGS = { base: { type: 'string' }, json: { type: 'boolean' }, force: { type: 'boolean' } } as const;

/** What the tool prints, and whether all is well. */
export interface Outcome {
  readonly text: string;
  readonly ok: boolean;
}

/**
 * Does what the arguments say.
 *
 * @param root the project's folder
 * @param load its modules
 * @throws UsageError when the arguments are wrong, or it cannot be checked
 */
export async function contracts(
  args: readonly string[],
  root: string,
  load: () => Promise<readonly ContextContracts[]>,
): Promise<Outcome> {
  const { flags, words } = readArguments(args, FLAGS, true);
  const task = oneOf('The task', words[0], ['check', 'update'] as const);
  if (words.length > 1) fail(`One task at a time, not also "${words.slice(1).join(' ')}". See --help.`);
  if (task === 'check' && flags.force) fail('--force is for update. See --help.');
  if (task === 'update' && (flags.base !== undefined || flags.json))
    fail('--base and --json are for check. See --help.');
  const contexts = await load();
  if (task === 'update') return await update(root, contexts, flags.force ?? false);
  const report = checkContracts(root, contexts, flags.base);
  return { text: flags.json ? `${JSON.stringify(report.findings, null, 2)}\n` : textOf(report), ok: passes(report) };
}

async function update(root: string, contexts: readonly ContextContracts[], force: boolean): Promise<Outcome> {
  const report = checkContracts(root, contexts);
  const findings = report.findings.filter(({ level }) => level === 'breaking');
  if (findings.length > 0 && !force) return { text: `${textOf({ ...report, findings })}${REFUSED}`, ok: false };
  const { written, strange } = await updateContracts(root, contexts);
  const lines = written.length > 0 ? written.map((path) => `wrote ${path}`) : ['nothing to write'];
  const missing = strange.map((message) => `Write a sample of ${message} by hand: nobody can guess what it allows.`);
  return { text: `${[...lines, ...missing].join('\n')}\n`, ok: missing.length === 0 };
}

const REFUSED = 'Nothing was written. --force writes all the same: for messages that were never released.\n';

/** @throws UsageError when a module cannot be loaded, as one whose contract is malformed */
async function loadModules(): Promise<ContextContracts[]> {
  try {
    const { modules } = await import('../modules.js');
    return modules.map((module) => contextOptions(module)!);
  } catch (error) {
    return fail(`The modules cannot be loaded: ${(error as Error).message}`);
  }
}

await program(import.meta.url, HELP, async (args) => {
  const { text, ok } = await contracts(args, process.cwd(), loadModules);
  process.stdout.write(text);
  if (!ok) process.exitCode = 1;
});
