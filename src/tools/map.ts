import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Type } from '@nestjs/common';
import { program, readArguments } from './lib/cli.js';
import { loadModules } from './lib/load-modules.js';
import { asyncApiText } from './map/asyncapi.js';
import { readAtlas } from './map/atlas.js';
import { pageOf } from './map/page.js';
import { svgOf } from './map/picture.js';

const HELP = `
npm run map [-- --check]

Writes docs/modules.md and docs/modules.svg from the code: the modules, what they depend on and why, their messages,
tables and sagas; and docs/asyncapi.json, the messages in the form that AsyncAPI has for them.

  --check    changes nothing; fails when they are not up to date
  --help     prints this
`;

/**
 * Writes the map anew.
 *
 * @param check whether nothing is to be written
 * @returns the files that are other ones now
 */
export async function writeMap(root: string, modules: readonly Type[], check = false): Promise<string[]> {
  const atlas = await readAtlas(root, modules);
  const files = {
    'docs/modules.md': pageOf(atlas),
    'docs/modules.svg': await svgOf(atlas),
    'docs/asyncapi.json': await asyncApiText(root, modules),
  };
  const drifted = Object.entries(files).filter(([path, text]) => readIfThere(join(root, path)) !== text);
  for (const [path, text] of check ? [] : drifted) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return drifted.map(([path]) => path);
}

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(args, { check: { type: 'boolean', default: false } });
  for (const path of await writeMap(process.cwd(), await loadModules(), flags.check)) {
    const stale = `${path} is not what the code says. Run "npm run map" and commit it.\n`;
    process.stdout.write(flags.check ? stale : `wrote ${path}\n`);
    if (flags.check) process.exitCode = 1;
  }
});

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
