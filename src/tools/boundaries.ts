import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Verdict } from './boundaries/gate.js';
import { exists } from './boundaries/tree.js';
import { fail, program, readArguments } from './cli.js';

const HELP = `
npm run boundaries [-- --json] [--root DIR] [--write] [--baseline]

Checks that no module reaches into another: see docs/guides/boundaries.md. Exits with 0 when all boundaries hold, 1 when
one is stepped over, and 2 when it could not check everything.

  --json      prints [{file, line, rule, fromModule, toModule, target, message}]; with "meant", the reason, where a comment
              excuses it, and with "known": true where the baseline has it: those two do not fail
  --root DIR  checks another tree of the same layout
  --write     first brings CODEOWNERS and modules/module.schema.json up to date
  --baseline  records today's violations in boundaries-baseline.json, so that only new ones fail; where there is such a
              file, only takes out what is mended
  --help      prints this
`;

const FLAGS = {
  json: { type: 'boolean', default: false },
  root: { type: 'string', default: '.' },
  write: { type: 'boolean', default: false },
  baseline: { type: 'boolean', default: false },
} as const;

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(args, FLAGS);
  if (!exists(flags.root)) fail(`--root: there is no ${flags.root}. See --help.`);
  const root = realpathSync(resolve(flags.root));
  try {
    process.chdir(root);
    if (flags.write) await write(root);
    await check(root, flags);
  } catch (error) {
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

async function write(root: string): Promise<void> {
  const { readManifests } = await import('./boundaries/manifest.js');
  const { writeGenerated } = await import('./boundaries/codeowners.js');
  const { readTree } = await import('./boundaries/tree.js');
  for (const file of writeGenerated(root, readManifests(readTree(root)).declared))
    process.stderr.write(`wrote ${file}\n`);
}
