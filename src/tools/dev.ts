import { spawn } from 'node:child_process';
import { program, readArguments } from './cli.js';

const HELP = `
npm run dev

As npm start, and starts anew whenever a source file has changed. What does not compile is told, and changes nothing.
`;

await program(import.meta.url, HELP, async (args) => {
  readArguments(args, {});
  const compiler = [
    'node_modules/@typescript/native/bin/tsc',
    '-p',
    'tsconfig.build.json',
    '--watch',
    '--preserveWatchOutput',
  ];
  const children = [compiler, ['--watch', '--watch-preserve-output', 'dist/src/main.js']].map((command) =>
    spawn(process.execPath, command, { stdio: 'inherit' }),
  );
  // Ctrl-C reaches them by itself; a signal sent to this process alone does not.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => children.forEach((child) => child.kill(signal)));
  }
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
});
