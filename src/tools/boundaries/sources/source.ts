import ts from 'typescript';
import { CouldNotCheck, isSpec, moduleOf } from '../violation.js';

/** A parsed file, and what the checks ask of it again and again. */
export interface Source {
  path: string;
  /** Its module; undefined in `src/` and `test/`. */
  module: string | undefined;
  spec: boolean;
  ast: ts.SourceFile;
  /** Local name → where it was imported from, and under which name (`*`: the whole namespace). */
  imports: ReadonlyMap<string, { specifier: string; name: string }>;
}

/** @throws CouldNotCheck when it is not TypeScript or JavaScript */
export function parse(path: string, text: string): Source {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const [mistake] = (ast as unknown as { parseDiagnostics: ts.Diagnostic[] }).parseDiagnostics;
  if (mistake) {
    const line = ast.getLineAndCharacterOfPosition(mistake.start ?? 0).line + 1;
    throw new CouldNotCheck(
      `${path}:${line} cannot be parsed: ${ts.flattenDiagnosticMessageText(mistake.messageText, ' ')}`,
    );
  }
  return { path, module: moduleOf(path), spec: isSpec(path), ast, imports: importsOf(ast) };
}

export function lineOf({ ast }: Source, node: ts.Node): number {
  return lineAt(ast, node.getStart(ast));
}

export function lineAt(ast: ts.SourceFile, position: number): number {
  return ast.getLineAndCharacterOfPosition(position).line + 1;
}

/** Whether an identifier is `name`, imported from a specifier that ends like this. */
export function isImported(source: Source, node: ts.Node, name: string, from: string): boolean {
  if (ts.isPropertyAccessExpression(node)) {
    return node.name.text === name && isImported(source, node.expression, '*', from);
  }
  const origin = ts.isIdentifier(node) ? source.imports.get(node.text) : undefined;
  return origin?.name === name && origin.specifier.endsWith(from);
}

/** Where the first name of an expression like `fs.promises.readFile` was imported from. */
export function originOf(source: Source, node: ts.Node): { specifier: string; name: string } | undefined {
  let first = node;
  while (ts.isPropertyAccessExpression(first) || ts.isCallExpression(first)) first = first.expression;
  return ts.isIdentifier(first) ? source.imports.get(first.text) : undefined;
}

type Imports = Map<string, { specifier: string; name: string }>;

function importsOf(ast: ts.SourceFile): Source['imports'] {
  const imports: Imports = new Map();
  for (const statement of ast.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    for (const [local, name] of bindings(statement.importClause)) {
      imports.set(local, { specifier: statement.moduleSpecifier.text, name });
    }
  }
  if (/\b(?:import|require)\s*\(/.test(ast.text)) addLoaded(imports, ast);
  return imports;
}

/** `const { a } = await import('b')`, `const b = require('b')` and `import b = require('b')`. */
function addLoaded(imports: Imports, node: ts.Node): void {
  if (ts.isVariableDeclaration(node) && node.initializer) {
    const specifier = loadedText(node.initializer);
    for (const [local, name] of specifier === undefined ? [] : boundNames(node.name))
      imports.set(local, { specifier: specifier!, name });
  }
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    const { expression } = node.moduleReference;
    if (ts.isStringLiteral(expression)) imports.set(node.name.text, { specifier: expression.text, name: '*' });
  }
  ts.forEachChild(node, (child) => addLoaded(imports, child));
}

function loadedText(node: ts.Expression): string | undefined {
  if (ts.isAwaitExpression(node) || ts.isParenthesizedExpression(node)) return loadedText(node.expression);
  if (!ts.isCallExpression(node)) return undefined;
  const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require';
  const [first] = node.arguments;
  return loads && first && ts.isStringLiteralLike(first) ? first.text : undefined;
}

function boundNames(name: ts.BindingName): [local: string, name: string][] {
  if (ts.isIdentifier(name)) return [[name.text, '*']];
  if (!ts.isObjectBindingPattern(name)) return [];
  return name.elements.flatMap((element) =>
    ts.isIdentifier(element.name) ? [[element.name.text, (element.propertyName ?? element.name).getText()]] : [],
  );
}

function bindings(clause: ts.ImportClause | undefined): [local: string, name: string][] {
  const first: [string, string][] = clause?.name ? [[clause.name.text, 'default']] : [];
  const named = clause?.namedBindings;
  if (!named) return first;
  if (ts.isNamespaceImport(named)) return [...first, [named.name.text, '*']];
  return [
    ...first,
    ...named.elements.map((element): [string, string] => [
      element.name.text,
      (element.propertyName ?? element.name).text,
    ]),
  ];
}

/** Whether an identifier stands for a value, and is no key, member or declaration of that name. */
export function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isVariableDeclaration(parent)) return parent.initializer === node;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent) || ts.isModuleDeclaration(parent)) return false;
  return (
    !ts.isClassElement(parent) && !ts.isParameter(parent) && !ts.isImportSpecifier(parent) && !ts.isImportClause(parent)
  );
}

/** Whether the file itself declares something of that name, which then is not the global. */
export function isDeclared({ ast }: Source, name: string): boolean {
  return new RegExp(`\\b(?:const|let|var|class|function)\\s+${name}\\b|[({,]\\s*${name}\\s*(?:[:,)=}]|\\?:)`).test(
    ast.text,
  );
}
