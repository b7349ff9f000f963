import type ts from 'typescript';
import type { Reference } from './edges.js';
import { lineAt } from '../sources/source.js';

/** `/// <reference path>` and its relatives. */
export function directives(ast: ts.SourceFile): Reference[] {
  const at = (fileName: string, pos: number) => {
    return { specifier: fileName, line: lineAt(ast, pos), names: ['*'], typeOnly: true };
  };
  const amd = ast.amdDependencies.map(({ path }) => at(path, Math.max(0, ast.text.indexOf(path))));
  const files = ast.referencedFiles.map(({ fileName, pos }) =>
    at(/^[./]/.test(fileName) ? fileName : `./${fileName}`, pos),
  );
  return [...files, ...ast.typeReferenceDirectives.map(({ fileName, pos }) => at(fileName, pos)), ...amd];
}

const DOC_COMMENT = /\/\*\*[^]*?\*\//g;
const DOC_IMPORT =
  /\{[^}\n]*?\bimport\(\s*(['"`])(.+?)\1\s*\)|@import\b[^'"]*?\bfrom\s+(['"])(.+?)\3|@jsxImportSource\s+(\S+)/g;

/** Imports in comments: no file needs them to run, but the editor and whoever reads it follow them. */
export function docComments(ast: ts.SourceFile): Reference[] {
  if (!/@import|@jsxImportSource|\{[^}\n]*import\(/.test(ast.text)) return [];
  return [...ast.text.matchAll(DOC_COMMENT)].flatMap((comment) =>
    [...comment[0].matchAll(DOC_IMPORT)].map((match) => {
      const specifier = (match[2] ?? match[4] ?? match[5])!;
      const offset = comment.index + match.index + match[0].indexOf(specifier);
      return { specifier, line: lineAt(ast, offset), names: ['*'], typeOnly: true };
    }),
  );
}
