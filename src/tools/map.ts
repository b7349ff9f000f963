import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { program, readArguments } from './cli.js';
import { loadModules } from './load-modules.js';
import { readAtlas } from './map/atlas.js';
import { pageOf } from './map/page.js';
import { svgOf } from './map/picture.js';

const HELP = `
npm run map [-- --check]

Writes docs/modules.md and docs/modules.svg from the code: the modules, what they depend on and why, their messages,
tables and sagas.

  --check    changes nothing; fails when they are not up to date
  --help     prints this
`;

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(args, { check: { type: 'boolean', default: false } });
  const atlas = await readAtlas(process.cwd(), await loadModules());
  const files = { 'docs/modules.md': pageOf(atlas), 'docs/modules.svg': await svgOf(atlas) };
  const drifted = Object.entries(files).filter(([path, text]) => readIfThere(path) !== text);
  for (const [path, text] of drifted) {
    if (!flags.check) writeWithFolder(path, text);
    process.stdout.write(
      flags.check ? `${path} is not what the code says. Run "npm run map" and commit it.\n` : `wrote ${path}\n`,
    );
  }
  if (flags.check && drifted.length > 0) process.exitCode = 1;
});

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function writeWithFolder(path: string, text: string): void {
  mkdirSync(dirname(join(process.cwd(), path)), { recursive: true });
  writeFileSync(path, text);
}
