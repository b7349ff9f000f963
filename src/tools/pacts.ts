import { modules } from '../modules.js';
import { contextOptions, livesHere } from '../platform/bounded-context.js';
import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { verifyAll } from './pacts/all.js';
import { changesTo, PACTS, providerOf, readPacts, write } from './pacts/files.js';
import { record, unscripted } from './pacts/record.js';

const HELP = `
npm run pacts -- record [--check]
npm run pacts -- verify [MODULE]

Contract tests that nobody writes: what the specs of a module script of its neighbours, with scenario(), is what it expects
of them. It is kept as pacts (Pact, specification 4) in ${PACTS}, and each module is asked whether it meets those of
its consumers.

  record    runs the specs that use scenario(), and writes their pacts: CONSUMER-PROVIDER.json for commands and queries over
            the seam, CONSUMER-PROVIDER-messages.json for events and for replies to durable commands
  --check   writes nothing, and exits with 1 where the files are not what the specs expect
  verify    has Pact's verifier ask each module that lives here, or one, on a real database. The states that pacts name are
            set up by the functions of modules/MODULE/pact-states.ts; one that is missing or fails, fails
  --help    prints this

Exit codes: 0 fine, 1 not, 2 could not check.
`;

const FLAGS = { check: { type: 'boolean', default: false } } as const;

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(args, FLAGS, true);
  const task = oneOf('The task', words[0], ['record', 'verify'] as const);
  const stray = words.slice(task === 'verify' ? 2 : 1);
  if (stray.length > 0) fail(`"${stray.join(' ')}" is too much. See --help.`);
  if (flags.check && task !== 'record') fail('--check is for record. See --help.');
  const root = process.cwd();
  const here = modules.filter(livesHere).map((module) => contextOptions(module)!.name);
  if (task === 'record') await recordAll(root, here, flags.check);
  else await verifyHere(root, here, words[1]);
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
    const what = text === undefined ? 'removed' : 'wrote';
    say(
      check
        ? `${PACTS}/${name} is out of date: run "npm run pacts -- record" and commit what it writes`
        : `${what} ${PACTS}/${name}`,
    );
  }
  if (changes.size === 0) say('the pacts are what the specs expect');
  if (check && changes.size > 0) process.exitCode = 1;
}

async function verifyHere(root: string, here: readonly string[], module: string | undefined): Promise<void> {
  const names = module === undefined ? here : [oneOf('The module', module, here)];
  const pacts = [...readPacts(root).values()].filter((pact) => names.includes(providerOf(pact)));
  if (pacts.length === 0) say(`no pact in ${PACTS} is for ${names.join(', ')}`);
  await verifyAll(modules, names, pacts, ({ module: name, interactions, seconds, failures }) => {
    const how = failures.length === 0 ? 'meets' : 'does not meet';
    say(
      `${failures.length === 0 ? '✓' : '✗'} ${name} ${how} what is expected of it: ${interactions} interactions (${seconds.toFixed(1)} s)`,
    );
    for (const failure of failures) say(failure.replaceAll(/^/gm, '    '));
    if (failures.length > 0) process.exitCode = 1;
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
