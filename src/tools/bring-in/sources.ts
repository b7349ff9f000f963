import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { slashes } from '../lib/slashes.js';
import { fail } from '../lib/cli.js';

/** The folder of a Nest module, as it is read. Paths are from the folder. */
export interface FormerSources {
  /** As the command line has it. */
  folder: string;
  /** What is brought in: all of its code but specs and migrations. */
  files: ReadonlyMap<string, ts.SourceFile>;
  /** What stays behind. */
  left: readonly string[];
  /** The file with `@Module`. */
  moduleFile: ts.SourceFile;
}

const LEFT = /(?:[.](?:spec|test|d)[.]ts$|^migrations\/|[.](?!ts$)[^.]*$)/;

/** @throws UsageError when there is no such folder, or not one Nest module at its top */
export function readFormer(folder: string): FormerSources {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    fail(`--from has to be the folder of a Nest module; there is none at ${folder}. See --help.`);
  const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = all.map(({ parentPath, name }) => slashes(join(parentPath, name))).sort();
  const inside = paths.map((path) => path.slice(slashes(join(folder, '.')).replace(/\/$/, '').length + 1));
  const taken = inside.filter((path) => !LEFT.test(path));
  const files = new Map(taken.map((path) => [path, parse(path, readFileSync(join(folder, path), 'utf8'))]));
  const withModule = [...files.values()].filter((file) => moduleClassIn(file));
  const [moduleFile] = withModule;
  if (!moduleFile) return fail(`${folder} has no class with @Module: --from has to be the folder of a Nest module.`);
  const named = withModule.map(({ fileName }) => fileName).join(', ');
  if (withModule.length > 1)
    fail(`${folder} has ${withModule.length} Nest modules (${named}): join them to one, or bring them in one by one.`);
  if (moduleFile.fileName.includes('/')) fail(`The Nest module is in ${named}: give --from the folder of that file.`);
  return { folder, files, left: inside.filter((path) => LEFT.test(path)), moduleFile };
}

/** @param path from the folder of the module */
export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** The class with `@Module`, and what stands in its brackets. */
export function moduleClassIn(
  file: ts.SourceFile,
): { type: ts.ClassDeclaration; options: ts.Expression | undefined } | undefined {
  for (const type of file.statements.filter(ts.isClassDeclaration))
    for (const { expression } of ts.getDecorators(type) ?? [])
      if (ts.isCallExpression(expression) && expression.expression.getText() === 'Module')
        return { type, options: expression.arguments[0] };
  return undefined;
}

/** What cannot be brought in, each with its place and what to do. */
export class Refusals {
  readonly #lines: string[] = [];

  add(node: ts.Node, message: string): void {
    const file = node.getSourceFile();
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    this.#lines.push(`${file.fileName}:${line + 1}  ${message}`);
  }

  /** @throws UsageError with all of them, if there is one */
  throwAny(folder: string): void {
    if (this.#lines.length === 0) return;
    const count = this.#lines.length === 1 ? 'This cannot' : `These ${this.#lines.length} cannot`;
    fail(`${count} be brought in from ${folder} as it is:\n${this.#lines.join('\n')}\nNothing was written.`);
  }
}
