import { fail, oneOf, program } from './cli.js';
import { runJest } from './test/jest.js';
import { readSpecs, specsOf, type Tier } from './test/tiers.js';

const HELP = `
npm test -- [--tier 1|2] [--all] [PATTERN ...] [options of Jest]

Runs the specs, on a PostgreSQL of their own that is gone afterwards. Without --tier and --all: the first tier, which
covers everything once, and needs nothing but Node.js and npm. Exits with 1 if a test failed.

  --tier 2    instead of it the second tier, *.tier2.spec.ts: each topology, each crash point, brokers, browsers,
              executed guides. The end names the programs that are missing, and what was not run for it: with CI set,
              that is a failure
  --all       both tiers
  --help      prints this

Everything else goes to Jest as it is: npm test -- modules/billing -t refuses --watch. A pattern that only specs of
the second tier match runs those.
`;

await program(import.meta.url, HELP, async (args) => {
  const { tier, rest } = readTier(args);
  process.exitCode = await runJest([...rest, ...specsOf(tier, rest, readSpecs())]);
});

/** Takes what is for this tool from among the arguments of Jest. */
function readTier(args: readonly string[]): { tier: Tier | undefined; rest: string[] } {
  const rest = [...args];
  const all = take(rest, '--all').length > 0;
  const [tier] = take(rest, '--tier', true).map((value) => oneOf('--tier', value, ['1', '2'] as const));
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
