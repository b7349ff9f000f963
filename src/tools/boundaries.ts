import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { NewDependency } from './boundaries/fix.js';
import type { Verdict } from './boundaries/gate.js';
import { exists } from './boundaries/modules/tree.js';
import { fail, program, readArguments, UsageError } from './lib/cli.js';

const HELP = `
npm run boundaries [-- --json] [--root DIR] [--write] [--baseline] [--fix [--reason TEXT]]

Checks that no module reaches into another: see docs/guides/boundaries.md. Exits with 0 when all boundaries hold, 1 when
one is stepped over, and 2 when it could not check everything.

  --json      prints [{file, line, rule, fromModule, toModule, target, message}]; with "meant", the reason, where a comment
              excuses it, and with "known": true where the baseline has it: those two do not fail
  --root DIR  checks another tree of the same layout
  --write     first brings CODEOWNERS and modules/module.schema.json up to date
  --fix       first writes the three entries of each new dependency into both manifests, and asks why it is needed; the
              specs of the module play the other one from then on; adds messages that "consumes" does not name yet
  --reason    says why, where there is no terminal to ask on; it is written for each new dependency
  --baseline  records today's violations in boundaries-baseline.json, so that only new ones fail; where there is such a
              file, only takes out what is mended
  --help      prints this
`;

const FLAGS = {
  json: { type: 'boolean', default: false },
  root: { type: 'string', default: '.' },
  write: { type: 'boolean', default: false },
  baseline: { type: 'boolean', default: false },
  fix: { type: 'boolean', default: false },
  reason: { type: 'string' },
} as const;

const AFTER_FIX = 'Take out of "consumes" what can be done without, and run "npm run map".\n';

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(args, FLAGS);
  if (!exists(flags.root)) fail(`--root: there is no ${flags.root}. See --help.`);
  if (flags.reason !== undefined && !flags.fix) fail('--reason belongs to --fix. See --help.');
  const root = realpathSync(resolve(flags.root));
  try {
    process.chdir(root);
    if (flags.write) await write(root);
    if (flags.fix) await fix(root, flags.reason);
    await check(root, flags);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Whatever went wrong, the tree was not checked: that is neither "no violations" nor a violation.
    process.stderr.write(
      `could not check ${root}\n${(error as Error).name === 'CouldNotCheck' ? (error as Error).message : (error as Error).stack}\n`,
    );
    process.exitCode = 2;
  }
});

async function check(root: string, { json, baseline }: { json: boolean; baseline: boolean }): Promise<void> {
  const [{ checkBoundaries }, report, { writeBaseline }, { isNew }] = await Promise.all([
    import('./boundaries/gate.js'),
    import('./boundaries/report.js'),
    import('./boundaries/baseline.js'),
    import('./boundaries/violation.js'),
  ]);
  const verdict: Verdict = await checkBoundaries(root);
  if (baseline) verdict.violations = writeBaseline(root, verdict.violations);
  const inWorkflow = process.env.GITHUB_ACTIONS !== undefined;
  if (inWorkflow) (json ? process.stderr : process.stdout).write(report.annotations(verdict.violations));
  process.stdout.write(json ? report.jsonReport(verdict) : report.textReport(verdict));
  process.exitCode = verdict.violations.some(isNew) ? 1 : 0;
}

/** Nothing is written before each reason is known. */
async function fix(root: string, given: string | undefined): Promise<void> {
  const [{ checkBoundaries }, { declareDependency, nameMessages, newDependencies }, { readManifests }, { readTree }] =
    await Promise.all([
      import('./boundaries/gate.js'),
      import('./boundaries/fix.js'),
      import('./boundaries/modules/manifest.js'),
      import('./boundaries/modules/tree.js'),
    ]);
  const found = newDependencies((await checkBoundaries(root)).violations);
  const reasons = await reasonsFor(found, given);
  for (const [index, dependency] of found.entries()) {
    const { written, unknown } = await declareDependency(root, dependency, reasons[index]!);
    for (const file of written) process.stderr.write(`wrote ${file}\n`);
    for (const name of unknown)
      process.stderr.write(
        `${name} is in no snapshot yet: all of it counts as needed. "npm run contracts -- update" before this one writes which fields that is.\n`,
      );
  }
  const named = await nameMessages(root, readManifests(readTree(root)).declared);
  for (const file of named) process.stderr.write(`wrote ${file}\n`);
  process.stderr.write(found.length + named.length > 0 ? AFTER_FIX : 'There is no new dependency to declare.\n');
}

async function reasonsFor(found: readonly NewDependency[], given: string | undefined): Promise<string[]> {
  const { wrongWithReason } = await import('./boundaries/fix.js');
  if (given !== undefined) return found.map(() => fine(given, wrongWithReason));
  if (found.length === 0) return [];
  if (!process.stdin.isTTY)
    fail(
      `Why does ${found[0]!.from} depend on ${found[0]!.to} (${found[0]!.at})? Without a terminal, say it by --reason TEXT.`,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const reasons: string[] = [];
  for (const { from, to, at } of found)
    reasons.push(fine(await terminal.question(`Why does ${from} depend on ${to} (${at})? `), wrongWithReason));
  terminal.close();
  return reasons;
}

function fine(reason: string, wrongWith: (reason: string) => string | undefined): string {
  const wrong = wrongWith(reason);
  return wrong === undefined ? reason : fail(wrong);
}

async function write(root: string): Promise<void> {
  const { readManifests } = await import('./boundaries/modules/manifest.js');
  const { writeGenerated } = await import('./boundaries/modules/codeowners.js');
  const { readTree } = await import('./boundaries/modules/tree.js');
  for (const file of writeGenerated(root, readManifests(readTree(root)).declared))
    process.stderr.write(`wrote ${file}\n`);
}
