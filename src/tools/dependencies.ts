import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program, readArguments } from './lib/cli.js';
import { isAllowed } from './dependencies/licences.js';
import { listing, type Package } from './dependencies/listing.js';

const HELP = `
npm run dependencies [-- --write]

Checks the licence of every package that production installs, and that docs/dependencies.md and the README tell the truth
about them: how many there are, how large, under which licences.

  --write   write docs/dependencies.md, and the figures in the README
`;

const PAGE = 'docs/dependencies.md';
/** The figures wherever the README gives them. */
const FIGURES = /\b\d+ packages, \d+ MB\b/g;

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(args, { write: { type: 'boolean' } });
  const packages = productionPackages();
  const problems = packages
    .filter(({ licence }) => !isAllowed(licence))
    .map(({ name, licence }) => `${name} has the licence "${licence}": replace it, or allow it in licences.ts`);
  const { page, figures } = listing(packages);
  const readme = readFileSync('README.md', 'utf8');
  const texts = [
    { file: PAGE, now: existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '', wanted: page },
    { file: 'README.md', now: readme, wanted: readme.replaceAll(FIGURES, figures) },
  ].filter(({ now, wanted }) => now !== wanted);
  if (flags.write) for (const { file, wanted } of texts) writeFileSync(file, wanted);
  else problems.push(...texts.map(({ file }) => `${file} is out of date: npm run dependencies -- --write`));
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(`dependencies of production: ${figures}\n`);
  if (problems.length > 0) process.exitCode = 1;
});

interface Locked {
  version: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
}

/** What the image installs: nothing for development, nothing optional. */
function productionPackages(): Package[] {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
  const direct = new Set(Object.keys(readManifest('.').dependencies ?? {}));
  const shipped = Object.entries(lock.packages).filter(
    ([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional,
  );
  return shipped.map(([path, { version, license }]) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version,
    licence: license ?? readManifest(path).license ?? 'none',
    bytes: sizeOf(path),
    direct: direct.has(path.replace(/^node_modules\//, '')),
  }));
}

function readManifest(folder: string): { license?: string; dependencies?: object } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license?: string };
}

/** Bytes of the files in a package's folder, without the packages installed inside of it. */
function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules');
  return entries.reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? sizeOf(path) : statSync(path).size);
  }, 0);
}
