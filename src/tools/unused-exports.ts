import { posix } from 'node:path';
import ts from 'typescript';
import { importsIn, REFERENCE_KINDS } from './boundaries/references/references.js';
import type { Source } from './boundaries/sources/source.js';
import { lineOf, parse } from './boundaries/sources/source.js';
import { readText, readTree } from './boundaries/modules/tree.js';
import { program, readArguments } from './lib/cli.js';

const HELP = `
node dist/src/tools/unused-exports.js

Lists what a file of src/ exports and no other file imports; exits with 1 if there is any. Part of npm run check.
`;

/** What modules, specs and oxlint import, used or not; and programs, whose exports are for specs. */
const SURFACE = /^src\/(?:platform\/(?:|http\/|testing\/)index|tools\/[^/]+|tools\/boundaries\/one-file)\.ts$/;

await program(import.meta.url, HELP, async (args) => {
  readArguments(args, {});
  const root = process.cwd();
  const sources = readTree(root)
    .sources.filter((path) => path.endsWith('.ts'))
    .map((path) => parse(path, readText(root, path)));
  const unused = unusedExports(sources);
  for (const { at, name } of unused)
    process.stderr.write(`${at}  ${name} is imported by no other file: remove "export", or the declaration.\n`);
  if (unused.length > 0) process.exitCode = 1;
});

interface Export {
  name: string;
  /** `file:line`. */
  at: string;
}

/** What files of `src/` export that no other one of `sources` imports. */
export function unusedExports(sources: readonly Source[]): Export[] {
  const used = new Set(sources.flatMap(usesOf));
  const isUsed = (path: string, name: string) => used.has(`${path} ${name}`) || used.has(`${path} *`);
  const candidates = sources.filter(({ path, spec }) => path.startsWith('src/') && !spec && !SURFACE.test(path));
  return candidates.flatMap((source) => exportsOf(source).filter(({ name }) => !isUsed(source.path, name)));
}

/** `path name` of what a file imports or re-exports of others. */
function usesOf(source: Source): string[] {
  const nodes: ts.Node[] = [];
  const collect = (node: ts.Node) => {
    if (REFERENCE_KINDS.includes(node.kind)) nodes.push(node);
    ts.forEachChild(node, collect);
  };
  collect(source.ast);
  return importsIn(source, nodes).flatMap(({ specifier, names }) => {
    const path = posix.join(posix.dirname(source.path), specifier).replace(/\.js$/, '.ts');
    return names.map((name) => `${path} ${name}`);
  });
}

function exportsOf(source: Source): Export[] {
  return source.ast.statements.flatMap((statement) =>
    namesOf(statement).map((node) => ({ name: node.text, at: `${source.path}:${lineOf(source, node)}` })),
  );
}

function namesOf(statement: ts.Statement): ts.Identifier[] {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    return clause && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name as ts.Identifier) : [];
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => identifiersIn(name));
  const { name } = statement as ts.DeclarationStatement;
  return name && ts.isIdentifier(name) ? [name] : [];
}

function identifiersIn(name: ts.BindingName): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? identifiersIn(element.name) : []));
}
