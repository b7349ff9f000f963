import { spawnSync } from 'node:child_process';
import { bin } from './lib/bin.js';
import { program, readArguments } from './lib/cli.js';

const HELP = `
npm run check

Every static gate, in the order of CI. Goes on after a failure, and exits with 1 if there was one.
`;

/** What each gate runs; from the fast ones to the slow ones. */
const GATES: readonly { name: string; command: readonly string[] }[] = [
  { name: 'types', command: [...bin('@typescript/native', 'tsc'), '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'lint', command: [...bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'format', command: [...bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'unused exports', command: [process.execPath, 'dist/src/tools/unused-exports.js'] },
  { name: 'boundaries', command: [process.execPath, 'dist/src/tools/boundaries.js'] },
  { name: 'saga diagrams', command: [process.execPath, 'dist/src/tools/saga-diagrams.js', '--check'] },
  { name: 'map', command: [process.execPath, 'dist/src/tools/map.js', '--check'] },
  { name: 'dependencies', command: [process.execPath, 'dist/src/tools/dependencies.js'] },
  { name: 'contracts', command: [process.execPath, 'dist/src/tools/contracts.js', 'check'] },
];

await program(import.meta.url, HELP, async (args) => {
  readArguments(args, {});
  const failed = GATES.filter((gate) => !passes(gate));
  process.stdout.write(`check: ${GATES.length - failed.length} passed, ${failed.length} failed\n`);
  if (failed.length > 0) process.exitCode = 1;
});

function passes({ name, command: [file, ...args] }: (typeof GATES)[number]): boolean {
  const started = Date.now();
  const { status, error } = spawnSync(file!, args, { stdio: 'inherit' });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)${error ? `: ${error.message}` : ''}\n`);
  return status === 0;
}
