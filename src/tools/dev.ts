import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { program, readArguments } from './cli.js';

const HELP = `
npm run dev

As npm start, and restarts whenever a source file has changed. What does not compile is reported, and changes nothing.
`;

const STDIO = { stdio: 'inherit' } as const;

await program(import.meta.url, HELP, async (args) => {
  readArguments(args, {});
  const compiling = ['-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'];
  const running = ['--watch', '--watch-preserve-output', 'dist/src/main.js'];
  const children = [spawn(await compiler(), compiling, STDIO), spawn(process.execPath, running, STDIO)];
  // Ctrl-C reaches them by itself; a signal sent to this process alone does not.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => children.forEach((child) => child.kill(signal)));
  }
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
});

/** The program itself: the script around it would be ended by a signal, and leave it running. */
async function compiler(): Promise<string> {
  const file = resolve('node_modules/@typescript/native/lib/getExePath.js');
  return ((await import(pathToFileURL(file).href)) as { default: () => string }).default();
}
