import { spawnSync } from 'node:child_process';
import { bin } from './lib/bin.js';
import { program, readArguments } from './lib/cli.js';

const HELP = `
npm run fix

Repairs what the linter can repair by itself, and formats every file. Exits with 1 if something is left: see npm run check.
`;

await program(import.meta.url, HELP, async (args) => {
  readArguments(args, {});
  const commands = [
    [...bin('oxlint'), '--type-aware', '--deny-warnings', '--fix'],
    [...bin('prettier'), '--write', '--log-level', 'warn', '.'],
  ];
  const ended = commands.map(([file, ...rest]) => spawnSync(file!, rest, { stdio: 'inherit' }));
  if (ended.some(({ status }) => status !== 0)) process.exitCode = 1;
});
