import { affectedBy, changedSince, readNeighbours } from './test/changed.js';
import { fail, oneOf, program } from './lib/cli.js';
import { runJest } from './test/jest.js';
import { readSpecs, specsOf, type Tier } from './test/tiers.js';

const HELP = `
npm test -- [--tier 1|2|3] [--all] [--changed [REV]] [PATTERN ...] [options of Jest]

Runs the specs, on a PostgreSQL of their own that is gone afterwards. Without --tier and --all: the first tier, which
covers everything once, and needs nothing but Node.js and npm. Exits with 1 if a test failed.

  --tier 2    instead of it the second tier, *.tier2.spec.ts: each topology, each crash point, brokers, browsers,
              executed guides. The end names the programs that are missing, and what was not run for it: with CI set,
              that is a failure
  --tier 3    *.tier3.spec.ts: what takes more than five minutes by itself
  --all       all tiers
  --changed   only the specs that a change can affect: all files that differ from REV (HEAD by default), such as
              origin/main. Those of the modules that it touches, of the modules that ask them or hear of them, and
              those that start the whole application; every spec where the platform or a setting was changed
  --help      prints this

Everything else goes to Jest as it is: npm test -- modules/billing -t refuses --watch. A pattern that only specs of
another tier match runs those.
`;

await program(import.meta.url, HELP, async (args) => {
  const { rest: others, revision } = readChanged(args);
  const { tier, rest } = readTier(others);
  const specs = readSpecs();
  const tierOnly = specsOf(tier, rest, specs);
  const chosen = revision === undefined ? [] : chosenSince(revision, specs);
  if (chosen) process.exitCode = await runJest([...rest, ...chosen, ...tierOnly]);
});

/** `--changed`, and the revision behind it. */
function readChanged(args: readonly string[]): { rest: string[]; revision: string | undefined } {
  const rest = [...args];
  const at = rest.indexOf('--changed');
  if (at < 0) return { rest, revision: undefined };
  const next = rest[at + 1];
  const isRevision = next !== undefined && !next.startsWith('-');
  rest.splice(at, isRevision ? 2 : 1);
  return { rest, revision: isRevision ? next : 'HEAD' };
}

/** @returns what Jest is given so that it runs the specs that a change can affect; `undefined`: there are none */
function chosenSince(revision: string, specs: readonly string[]): string[] | undefined {
  const changed = changedSince(revision);
  const affected = affectedBy(changed, specs.map(slashed), readNeighbours());
  const say = (what: string) => process.stdout.write(`${changed.length} files differ from ${revision}: ${what}\n`);
  if ('all' in affected) {
    say(`every spec, for ${affected.all}`);
    return [];
  }
  say(`${affected.specs.length} of ${specs.length} files of specs`);
  if (affected.specs.length === 0) return undefined;
  // One that holds nothing of the tier is no failure.
  return ['--passWithNoTests', '--runTestsByPath', ...affected.specs];
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}

/** Takes what is for this tool from among the arguments of Jest. */
function readTier(args: readonly string[]): { tier: Tier | undefined; rest: string[] } {
  const rest = [...args];
  const all = take(rest, '--all').length > 0;
  const [tier] = take(rest, '--tier', true).map((value) => oneOf('--tier', value, ['1', '2', '3'] as const));
  if (all && tier) fail('Either --tier or --all, not both. See --help.');
  return { tier: all ? 'all' : tier, rest };
}

/** Removes a flag from `args`, with its value if it has one. @returns its values, in order */
function take(args: string[], flag: string, hasValue = false): (string | undefined)[] {
  const at = args.findIndex((arg) => arg === flag || (hasValue && arg.startsWith(`${flag}=`)));
  if (at < 0) return [];
  const [found, next] = args.splice(at, hasValue && args[at] === flag ? 2 : 1);
  const value = found === flag ? next : found!.slice(flag.length + 1);
  return [value, ...take(args, flag, hasValue)];
}
