import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ICruiseOptions, ICruiseResult, IModule, IReporterOutput, IResolveOptions } from 'dependency-cruiser';
import { cruise as dependencyCruise } from 'dependency-cruiser';
import type ts from 'typescript';
import type { Rule } from './law.js';
import { exists } from '../modules/tree.js';
import { CouldNotCheck } from '../violation.js';

interface RulesFile {
  forbidden: Rule[];
  options: ICruiseOptions;
}

const RULES = '.dependency-cruiser.js';

/** The rules file of this project, from wherever the tool was compiled to. */
export async function readRules(): Promise<RulesFile> {
  return ((await import(pathToFileURL(join(projectRoot(), RULES)).href)) as { default: RulesFile }).default;
}

/**
 * Runs dependency-cruiser over every source of a tree, which has to be the working directory: it looks for aliases there.
 *
 * @throws CouldNotCheck when it fails, or did not see every file
 */
export async function cruise(
  root: string,
  sources: readonly string[],
  { forbidden, options }: RulesFile,
  config: ts.CompilerOptions,
): Promise<Map<string, IModule>> {
  const all = { ...options, ruleSet: { forbidden }, validate: true, baseDir: root, ...aliases(root, config) };
  const { modules } = await run(() =>
    dependencyCruise([...sources], all, packageFolders(root), { tsConfig: { options: config } }),
  );
  const seen = new Map(modules.map((module) => [module.source, module]));
  const unseen = sources.filter((path) => !seen.has(path));
  if (unseen.length === 0) return seen;
  throw new CouldNotCheck(
    `dependency-cruiser saw ${sources.length - unseen.length} of ${sources.length} files; not ${unseen[0]}.`,
  );
}

async function run(cruising: () => Promise<IReporterOutput>): Promise<ICruiseResult> {
  try {
    return (await cruising()).output as ICruiseResult;
  } catch (cause) {
    throw new CouldNotCheck(`dependency-cruiser failed: ${(cause as Error).message}`, { cause });
  }
}

/** Each look-up in tsconfig.json costs about a millisecond, so that it is done only where there are aliases. */
function aliases(root: string, { paths, baseUrl }: ts.CompilerOptions): ICruiseOptions {
  return paths || baseUrl ? { tsConfig: { fileName: join(root, 'tsconfig.json') } } : {};
}

/** A copy of the tree without its packages is checked against those of this project. */
function packageFolders(root: string): Partial<IResolveOptions> {
  if (exists(join(root, 'node_modules'))) return {};
  const own = join(projectRoot(), 'node_modules');
  return { modules: ['node_modules', own, join(own, '@types')] };
}

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, RULES))) {
    if (folder === dirname(folder)) throw new CouldNotCheck(`${RULES} is missing.`);
    folder = dirname(folder);
  }
  return folder;
}
