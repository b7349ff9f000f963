import { contextOptions } from '../platform/bounded-context.js';
import { fail, oneOf, program, readArguments } from './cli.js';
import { checkContracts } from './contracts/check.js';
import type { ContextContracts } from './contracts/describe.js';
import { passes, textOf } from './contracts/report.js';
import type { Releasing } from './contracts/release.js';
import { releaseMessages } from './contracts/release.js';
import type { Updated } from './contracts/update.js';
import { updateContracts } from './contracts/update.js';
import { loadModules } from './load-modules.js';

const HELP = `
npm run contracts -- check [--base REV] [--json]
npm run contracts -- update [--force]
npm run contracts -- release [MESSAGE] [--pulled-by REPOSITORY]

Keeps what modules may rely on of each other's messages: a snapshot and samples beside each module.

  check         compares the contracts with the committed snapshots; fails on a change that breaks a consumer without a
                new version, when a stored sample cannot be read, and when the snapshots are out of date
  --base REV    compares with the snapshots of a git revision instead
  --json        prints [{level, file, message, field, what, breaks, todo}]
  update        writes the snapshots, and a sample of each new message. A new message is a draft: it may change freely
  --force       also where that hides a breaking change of a released message; samples that cannot be read are made anew
  release       from now on others may rely on MESSAGE, as in billing.invoice-issued.v1, or on all drafts. A git tag does
                the same for all that its snapshots have; the main branch alone releases nothing
  --pulled-by   records a repository that took MESSAGE over: it counts as a consumer that needs all of it
  --help        prints this

Exit codes: 0 fine, 1 not, 2 could not check.
`;

const FLAGS = {
  base: { type: 'string' },
  json: { type: 'boolean' },
  force: { type: 'boolean' },
  'pulled-by': { type: 'string' },
} as const;

/** What the tool prints, and whether all is well. */
export interface CheckResult {
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
): Promise<CheckResult> {
  const { flags, words } = readArguments(args, FLAGS, true);
  const task = oneOf('The task', words[0], ['check', 'update', 'release'] as const);
  refuseStrayWords(task, words.slice(1));
  refuseStrayFlags(task, flags);
  const contexts = await load();
  if (task === 'update') return await update(root, contexts, flags.force ?? false);
  if (task === 'release') return await release(root, contexts, { message: words[1], pulledBy: flags['pulled-by'] });
  const report = await checkContracts(root, contexts, flags.base);
  return { text: flags.json ? `${JSON.stringify(report.findings, null, 2)}\n` : textOf(report), ok: passes(report) };
}

type Task = 'check' | 'update' | 'release';
type Flags = ReturnType<typeof readArguments<typeof FLAGS>>['flags'];

function refuseStrayWords(task: Task, words: readonly string[]): void {
  const [what, stray] = task === 'release' ? ['message', words.slice(1)] : ['task', words];
  if (stray.length > 0) fail(`One ${what} at a time, not also "${stray.join(' ')}". See --help.`);
}

const OWNER: Readonly<Record<keyof Flags, Task>> = {
  base: 'check',
  json: 'check',
  force: 'update',
  'pulled-by': 'release',
};

function refuseStrayFlags(task: Task, flags: Flags): void {
  const stray = (Object.keys(flags) as (keyof Flags)[]).find((flag) => OWNER[flag] !== task);
  if (stray) fail(`--${stray} is for ${OWNER[stray]}. See --help.`);
}

async function update(root: string, contexts: readonly ContextContracts[], force: boolean): Promise<CheckResult> {
  const refused = force ? undefined : await refusal(root, contexts);
  return refused ?? told(await updateContracts(root, contexts, force));
}

/** The breaking changes, if there are any. */
async function refusal(root: string, contexts: readonly ContextContracts[]): Promise<CheckResult | undefined> {
  const report = await checkContracts(root, contexts);
  const findings = report.findings.filter(({ level }) => level === 'breaking');
  return findings.length > 0 ? { text: `${textOf({ ...report, findings })}${REFUSED}`, ok: false } : undefined;
}

function told({ written, strange }: Updated): CheckResult {
  const lines = written.length > 0 ? written.map((path) => `wrote ${path}`) : ['nothing to write'];
  const missing = strange.map((message) => `Write a sample of ${message} by hand: nobody can guess what it allows.`);
  return { text: `${[...lines, ...missing].join('\n')}\n`, ok: missing.length === 0 };
}

/** What is released is what the code says now. */
async function release(root: string, contexts: readonly ContextContracts[], wanted: Releasing): Promise<CheckResult> {
  if (wanted.pulledBy !== undefined && wanted.message === undefined)
    fail('--pulled-by needs the message that was pulled. See --help.');
  const refused = await refusal(root, contexts);
  if (refused) return refused;
  const updated = await updateContracts(root, contexts);
  const released = await releaseMessages(root, contexts, wanted);
  const lines = released.length > 0 ? released.map((name) => `released ${name}`) : ['nothing to release'];
  return {
    text: `${lines.join('\n')}\n${updated.strange.length > 0 ? told(updated).text : ''}`,
    ok: updated.strange.length === 0,
  };
}

const REFUSED =
  'Nothing was written. Where no process, outbox or repository outside of this one has such a message, --force writes all the same.\n';

const load = async () => (await loadModules()).map((module) => contextOptions(module)!);

await program(import.meta.url, HELP, async (args) => {
  const { text, ok } = await contracts(args, process.cwd(), load);
  process.stdout.write(text);
  if (!ok) process.exitCode = 1;
});
