import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { program, readArguments } from './lib/cli.js';
import { endAll, ENDS } from './lib/end-all.js';

const HELP = `
npm run dev

As npm start, and restarts whenever a source file has changed. What does not compile is reported, and changes nothing.
`;

/** Whether nothing but JSON goes to standard output: the log of the application. */
const JSON_ONLY = process.env['LOG_FORMAT'] === 'json';

await program(import.meta.url, HELP, async (args) => {
  readArguments(args, {});
  const compiling = ['-p', resolve('tsconfig.build.json'), '--watch', '--preserveWatchOutput'];
  const running = ['--watch', '--watch-preserve-output', resolve('dist/src/main.js')];
  const tsc = spawn(await compiler(), compiling, { stdio: ['inherit', 2, 2] });
  const watch = spawn(process.execPath, running, { stdio: ['inherit', JSON_ONLY ? 'pipe' : 1, 2] });
  if (watch.stdout) sortLines(watch.stdout);
  const children = [tsc, watch];
  const end = (signal: NodeJS.Signals) => children.forEach((child) => endAll(child, signal));
  // Ctrl-C reaches them by itself; a signal sent to this process alone does not.
  for (const signal of ENDS) process.on(signal, end);
  // Neither is of use without the other.
  for (const child of children) child.once('exit', () => end('SIGTERM'));
  await Promise.all(children.map((child) => once(child, 'close')));
});

/** Node.js tells on standard output that it starts again. */
function sortLines(output: Readable): void {
  createInterface(output).on('line', (line) =>
    (line.startsWith('{') ? process.stdout : process.stderr).write(`${line}\n`),
  );
}

/** The program itself: the script around it would be ended by a signal, and leave it running. */
async function compiler(): Promise<string> {
  const file = resolve('node_modules/@typescript/native/lib/getExePath.js');
  return ((await import(pathToFileURL(file).href)) as { default: () => string }).default();
}
