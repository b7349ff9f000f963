import { join, resolve } from 'node:path';
import { contextOptions } from '../platform/bounded-context.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { compareWith } from './contracts/elsewhere/against.js';
import { checkContracts } from './contracts/check.js';
import type { ContextContracts } from './contracts/describe.js';
import { passes, textOf } from './contracts/report.js';
import type { Releasing } from './contracts/recorded/release.js';
import { releaseMessages } from './contracts/recorded/release.js';
import type { Updated } from './contracts/recorded/update.js';
import { contractsAt } from './contracts/elsewhere/repositories.js';
import { writeSchemas } from './contracts/schemas/registry.js';
import { updateContracts } from './contracts/recorded/update.js';
import { loadModules } from './lib/load-modules.js';

const HELP = `
npm run contracts -- check [--base REV] [--json]
npm run contracts -- update [--force]
npm run contracts -- release [MESSAGE] [--pulled-by REPOSITORY]
npm run contracts -- check --against PLACE | can-deploy --against PLACE [--against PLACE ...]
npm run contracts -- pull MODULE [--from REPOSITORY]
npm run contracts -- schemas DIR

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
  --against     compares instead with another repository (its folder), or with what runs (http://host:port of its listener for
                operations, with CONTRACTS_TOKEN): what it has of the modules here, and what is here of its modules
  can-deploy    the same for everything that is deployed, before a release: whether all of it can live with this
  pull          takes over the contracts of a module that lives in another repository, as committed there, and locks them
  schemas       writes the JSON Schema of each message into DIR, as a schema registry takes it: WIRE-NAME.json, draft 7. The
                subject is the wire name, which has the version in it: a new version is a new subject
  --from        its address or path, if that is not the one in module.json
  --help        prints this

Exit codes: 0 fine, 1 not, 2 could not check.
`;

const FLAGS = {
  base: { type: 'string' },
  json: { type: 'boolean' },
  force: { type: 'boolean' },
  'pulled-by': { type: 'string' },
  against: { type: 'string', multiple: true },
  from: { type: 'string' },
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
  env: NodeJS.ProcessEnv = process.env,
): Promise<CheckResult> {
  const { flags, words } = readArguments(args, FLAGS, true);
  const task = oneOf('The task', words[0], ['check', 'update', 'release', 'can-deploy', 'pull', 'schemas'] as const);
  refuseStrayWords(task, words.slice(1));
  refuseStrayFlags(task, flags);
  if (task === 'pull') return await pull(root, words[1], flags.from);
  const contexts = await load();
  if (task === 'can-deploy' || flags.against) return await against(root, contexts, flags, env);
  if (task === 'schemas') return schemas(contexts, root, words[1]);
  if (task === 'update') return await update(root, contexts, flags.force ?? false);
  if (task === 'release') return await release(root, contexts, { message: words[1], pulledBy: flags['pulled-by'] });
  const report = await checkContracts(root, contexts, flags.base);
  return { text: flags.json ? `${JSON.stringify(report.findings, null, 2)}\n` : textOf(report), ok: passes(report) };
}

type Task = 'check' | 'update' | 'release' | 'can-deploy' | 'pull' | 'schemas';
type Flags = ReturnType<typeof readArguments<typeof FLAGS>>['flags'];

function refuseStrayWords(task: Task, words: readonly string[]): void {
  const named: Partial<Record<Task, string>> = { release: 'message', pull: 'module', schemas: 'folder' };
  const what = named[task] ?? 'task';
  const stray = what === 'task' ? words : words.slice(1);
  if (stray.length > 0) fail(`One ${what} at a time, not also "${stray.join(' ')}". See --help.`);
}

const OWNER: Readonly<Record<keyof Flags, readonly Task[]>> = {
  base: ['check'],
  json: ['check', 'can-deploy'],
  force: ['update'],
  'pulled-by': ['release'],
  against: ['check', 'can-deploy'],
  from: ['pull'],
};

function refuseStrayFlags(task: Task, flags: Flags): void {
  const stray = (Object.keys(flags) as (keyof Flags)[]).find((flag) => !OWNER[flag].includes(task));
  if (stray) fail(`--${stray} is for ${OWNER[stray].join(' and ')}. See --help.`);
  if (flags.base !== undefined && flags.against) fail('Either --base or --against. See --help.');
}

function schemas(contexts: readonly ContextContracts[], root: string, folder: string | undefined): CheckResult {
  if (folder === undefined) return fail('schemas needs a folder to write into. See --help.');
  const written = writeSchemas(contexts, resolve(root, folder));
  return { text: written.map((name) => `wrote ${join(folder, name)}\n`).join(''), ok: true };
}

async function pull(root: string, name: string | undefined, from: string | undefined): Promise<CheckResult> {
  const { knownModules } = await import('./extract/known.js');
  const { pullContracts } = await import('./contracts/elsewhere/pull.js');
  const all = await knownModules();
  const module = all.find((each) => each.name === name);
  if (!module) return fail(`pull needs a module: one of ${all.map((each) => each.name).join(', ')}.`);
  const written = await pullContracts(root, module, from);
  const lines = written.length > 0 ? written.map((path) => `wrote ${path}`) : ['nothing is new'];
  return { text: `${lines.join('\n')}\n`, ok: true };
}

/** With each place by itself: what runs at one of them may be older than what runs at another. */
async function against(
  root: string,
  contexts: readonly ContextContracts[],
  { against: places = [], json }: Flags,
  env: NodeJS.ProcessEnv,
): Promise<CheckResult> {
  if (places.length === 0)
    fail('can-deploy needs --against, with the address or folder of what is deployed. See --help.');
  const reports = [];
  for (const place of places) reports.push(compareWith(root, contexts, await contractsAt(place, env), place));
  const text = json
    ? `${JSON.stringify(
        reports.flatMap(({ findings }) => findings),
        null,
        2,
      )}\n`
    : reports.map((report, n) => `${places[n]}\n${textOf(report)}`).join('');
  return { text, ok: reports.every(passes) };
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
