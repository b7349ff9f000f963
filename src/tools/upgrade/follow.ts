import { posix } from 'node:path';
import ts from 'typescript';
import type { Edit } from '../bring-in/edits.js';
import { edited } from '../bring-in/edits.js';
import type { Reference } from '../bring-in/imports.js';
import { elementsOf, isReference, relativeTo } from '../bring-in/imports.js';
import { parse } from '../bring-in/sources.js';
import type { Step } from './notes.js';
import { ahead } from './notes.js';

type Element = ReturnType<typeof elementsOf>[number];

/** What is imported by name, and where it is now. */
interface Followed {
  element: Element;
  path: string;
  name: string;
}

/**
 * A file of code whose imports follow what the starter moved and renamed: `import`, `export … from`, `import(…)` and types that
 * are imported. What was renamed is so in the whole file; where its new name is taken there, the import keeps the former
 * one for it. Names that are asked of `import * as` stay: the compiler names them.
 */
export function followed(path: string, text: string, steps: readonly Step[]): string {
  const file = parse(path, text);
  const references = file.statements.filter(isReference);
  const edits = ts.preProcessFile(text, true, true).importedFiles.flatMap(({ pos, fileName }): Edit[] => {
    if (!fileName.startsWith('.')) return [];
    const target = posix.join(posix.dirname(path), fileName).replace(/\.js$/, '.ts');
    const moved = ahead(steps, target, '').path;
    const reference = references.find(({ moduleSpecifier }) => moduleSpecifier?.getStart() === pos);
    const names = (reference ? elementsOf(reference) : []).map((element) => follow(steps, target, element));
    if (reference && names.some((each) => each.path !== moved || each.name !== nameOf(each.element)))
      return [declaration(file, reference, names), ...names.flatMap((each) => usesOf(file, each))];
    if (moved === target) return [];
    return [{ from: pos, to: pos + fileName.length + 2, text: specifier(file, moved) }];
  });
  return edited(text, edits);
}

const nameOf = (element: Element) => (element.propertyName ?? element.name).text;

function follow(steps: readonly Step[], target: string, element: Element): Followed {
  return { element, ...ahead(steps, target, nameOf(element)) };
}

const specifier = (file: ts.SourceFile, path: string) => `'${relativeTo(file.fileName, path.replace(/\.ts$/, '.js'))}'`;

/** The declaration anew: one for each file that its names come from now. */
function declaration(file: ts.SourceFile, reference: Reference, names: readonly Followed[]): Edit {
  const keyword = /^(?:im|ex)port(?:\s+type(?=\s*\{))?/.exec(reference.getText())![0];
  const paths = [...new Set(names.map(({ path }) => path))];
  const lines = paths.map((path) => {
    const elements = names.filter((each) => each.path === path).map((each) => written(file, each));
    return `${keyword} { ${elements.join(', ')} } from ${specifier(file, path)};`;
  });
  return { from: reference.getStart(), to: reference.end, text: lines.join('\n') };
}

function written(file: ts.SourceFile, { element, name }: Followed): string {
  const own = element.name.text;
  const keeps = element.propertyName || ts.isExportSpecifier(element) || isTaken(file, name);
  return `${element.isTypeOnly ? 'type ' : ''}${keeps && own !== name ? `${name} as ${own}` : name}`;
}

const isTaken = ({ text }: ts.SourceFile, name: string) =>
  new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(text);

/** Where a file uses what it imports under a name that is no more. */
function usesOf(file: ts.SourceFile, { element, name }: Followed): Edit[] {
  if (element.propertyName || ts.isExportSpecifier(element) || name === element.name.text || isTaken(file, name))
    return [];
  const { fileName, text } = file;
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({ noResolve: true, noLib: true }),
    getScriptFileNames: () => [fileName],
    getScriptVersion: () => '',
    getScriptSnapshot: (path) => (path === fileName ? ts.ScriptSnapshot.fromString(text) : undefined),
    getCurrentDirectory: () => '',
    getDefaultLibFileName: () => '',
    fileExists: (path) => path === fileName,
    readFile: () => undefined,
  });
  const options = { providePrefixAndSuffixTextForRename: true };
  const found = service.findRenameLocations(fileName, element.name.getStart(), false, false, options) ?? [];
  return found
    .filter(({ textSpan }) => textSpan.start !== element.name.getStart())
    .map(({ textSpan: { start, length }, prefixText = '', suffixText = '' }) => ({
      from: start,
      to: start + length,
      text: `${prefixText}${name}${suffixText}`,
    }));
}
