import { execFileSync } from 'node:child_process';
import { modules } from '../modules.js';
import { contextOptions, livesHere } from '../platform/bounded-context.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { verifyAll } from './pacts/all.js';
import type { Asked, Release } from './pacts/broker.js';
import { Broker } from './pacts/broker.js';
import { changesTo, PACTS, providerOf, readPacts, write } from './pacts/files.js';
import { MESSAGES } from './pacts/pact.js';
import { record, unscripted } from './pacts/record.js';

const HELP = `
npm run pacts -- record [--check]
npm run pacts -- verify [MODULE] [--broker]
npm run pacts -- publish
npm run pacts -- can-i-deploy --to ENVIRONMENT
npm run pacts -- deployed --to ENVIRONMENT

Contract tests that nobody writes: what the specs of a module script of its neighbours, with scenario(), is what it expects
of them. It is kept as pacts (Pact, specification 4) in ${PACTS}, and each module is asked whether it meets those of
its consumers.

  record        runs the specs that have neighbours, and writes their pacts: CONSUMER-PROVIDER.json for commands and queries
                over the seam, CONSUMER-PROVIDER-messages.json for events and for replies to durable commands
  --check       writes nothing, and exits with 1 where the files are not what the specs expect
  verify        has Pact's verifier ask each module that lives here, or one, on a real database. The states that pacts name
                are set up by the functions of modules/MODULE/pact-states.ts; one that is missing or fails, fails
  --broker      the pacts that the broker has for them, of main branches and of what is deployed; tells it what came of it
  publish       gives the broker the pacts of the modules that live here
  can-i-deploy  asks the broker whether the modules that live here can live with what is deployed in an environment
  deployed      tells the broker that they are deployed there now
  --to          the name of the environment, as the broker has it
  --version     what is released (default: the commit)
  --branch      the branch that it is on (default: that of the working tree)
  --help        prints this

The broker is that of PACT_BROKER_BASE_URL, with PACT_BROKER_TOKEN. Exit codes: 0 fine, 1 not, 2 could not check.
`;

const FLAGS = {
  check: { type: 'boolean' },
  broker: { type: 'boolean' },
  to: { type: 'string' },
  version: { type: 'string' },
  branch: { type: 'string' },
} as const;
const TASKS = ['record', 'verify', 'publish', 'can-i-deploy', 'deployed'] as const;
type Task = (typeof TASKS)[number];
type Flags = ReturnType<typeof readArguments<typeof FLAGS>>['flags'];

const OWNER: Readonly<Record<keyof Flags, readonly Task[]>> = {
  check: ['record'],
  broker: ['verify'],
  to: ['can-i-deploy', 'deployed'],
  version: ['verify', 'publish', 'can-i-deploy', 'deployed'],
  branch: ['verify', 'publish'],
};

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(args, FLAGS, true);
  const task = oneOf('The task', words[0], TASKS);
  const stray = words.slice(task === 'verify' ? 2 : 1);
  if (stray.length > 0) fail(`"${stray.join(' ')}" is too much. See --help.`);
  const other = (Object.keys(flags) as (keyof Flags)[]).find((flag) => !OWNER[flag].includes(task));
  if (other) fail(`--${other} is for ${OWNER[other].join(', ')}. See --help.`);
  const root = process.cwd();
  const here = modules.filter(livesHere).map((module) => contextOptions(module)!.name);
  if (task === 'record') await recordAll(root, here, flags.check ?? false);
  else if (task === 'verify') await verifyHere(root, here, words[1], flags);
  else await withBroker(task, root, here, flags);
});

async function recordAll(root: string, here: readonly string[], check: boolean): Promise<void> {
  const contexts = modules.map((module) => contextOptions(module)!);
  const pacts = await record(root, contexts, new Set(here));
  for (const module of here) {
    const missing = unscripted(root, module, pacts);
    if (missing.length > 0) say(`no spec of ${module} scripts ${missing.join(', ')}: no pact has it`);
  }
  const changes = changesTo(root, pacts, new Set(here));
  if (!check) write(root, changes);
  for (const [name, text] of changes) {
    const stale = `${PACTS}/${name} is out of date: run "npm run pacts -- record" and commit what it writes`;
    say(check ? stale : `${text === undefined ? 'removed' : 'wrote'} ${PACTS}/${name}`);
  }
  if (changes.size === 0) say('the pacts are what the specs expect');
  if (check && changes.size > 0) process.exitCode = 1;
}

async function verifyHere(
  root: string,
  here: readonly string[],
  module: string | undefined,
  flags: Flags,
): Promise<void> {
  const names = module === undefined ? here : [oneOf('The module', module, here)];
  const broker = flags.broker ? Broker.from(process.env) : undefined;
  const release = broker && releaseOf(root, flags);
  const asked = broker ? await askedOf(broker, names, release!) : [];
  const pacts = broker
    ? asked.map(({ pact }) => pact)
    : [...readPacts(root).values()].filter((pact) => names.includes(providerOf(pact)));
  if (pacts.length === 0) say(`no pact ${broker ? 'of the broker' : `in ${PACTS}`} is for ${names.join(', ')}`);
  await verifyAll(modules, names, pacts, async ({ module: name, interactions, seconds, failures }) => {
    const all = [...failures.values()].flat();
    const [mark, how] = all.length === 0 ? ['✓', 'meets'] : ['✗', 'does not meet'];
    say(`${mark} ${name} ${how} what is expected of it: ${interactions} interactions (${seconds.toFixed(1)} s)`);
    for (const failure of all) say(failure.replaceAll(/^/gm, '    '));
    if (all.length > 0) process.exitCode = 1;
    for (const each of asked) {
      const its = failures.get(each.pact);
      if (its) await broker!.tell(each, its.length === 0, release!);
    }
  });
}

/** For HTTP and for messages a module is a provider of its own. */
async function askedOf(broker: Broker, names: readonly string[], release: Release): Promise<Asked[]> {
  const providers = names.flatMap((name) => [name, `${name}${MESSAGES}`]);
  return (await Promise.all(providers.map((provider) => broker.pactsFor(provider, release)))).flat();
}

async function withBroker(task: Task, root: string, here: readonly string[], flags: Flags): Promise<void> {
  const broker = Broker.from(process.env);
  const pacts = [...readPacts(root).values()];
  const own = pacts.filter(({ consumer }) => here.includes(consumer.name));
  if (task === 'publish') {
    const release = releaseOf(root, flags);
    for (const consumer of new Set(own.map((pact) => pact.consumer.name))) {
      await broker.publish(
        consumer,
        own.filter((pact) => pact.consumer.name === consumer),
        release,
      );
      say(`published the pacts of ${consumer}, version ${release.version} on ${release.branch}`);
    }
    if (own.length === 0) say(`no pact in ${PACTS} is of ${here.join(', ')}`);
    return;
  }
  const environment = flags.to ?? fail(`${task} needs --to, with the name of an environment. See --help.`);
  const version = flags.version ?? commitOf(root);
  const met = pacts.filter((pact) => here.includes(providerOf(pact))).map(({ provider }) => provider.name);
  const names = [...new Set([...own.map(({ consumer }) => consumer.name), ...met])].sort();
  if (names.length === 0) fail(`No pact in ${PACTS} is of or for ${here.join(', ')}: there is nothing to ask.`);
  for (const name of names) {
    if (task === 'deployed') {
      await broker.deployed(name, version, environment);
      say(`${name} ${version} is deployed to ${environment}`);
      continue;
    }
    const { deployable, reason } = await broker.canDeploy(name, version, environment);
    say(`${deployable ? '✓' : '✗'} ${name} ${version} to ${environment}: ${reason}`);
    if (!deployable) process.exitCode = 1;
  }
}

function releaseOf(root: string, flags: Flags): Release {
  return { version: flags.version ?? commitOf(root), branch: flags.branch ?? git(root, 'branch', '--show-current') };
}

const commitOf = (root: string) => git(root, 'rev-parse', 'HEAD');

function git(root: string, ...args: readonly string[]): string {
  let said: string;
  try {
    said = execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return fail('There is no commit to name the version by: say --version and --branch.');
  }
  return said === '' ? fail('No branch is checked out: say --branch.') : said;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
