import ts from 'typescript';
import { fold } from '../sources/constant.js';
import { directives, docComments } from './comment-references.js';
import type { Reference } from './edges.js';
import { asSpecifier, pathFrom, ROOT, UNKNOWN } from '../sources/located.js';
import type { Source } from '../sources/source.js';
import { lineOf } from '../sources/source.js';
import { moduleOf } from '../violation.js';

/** Every reference of a file, also those in forms that import nothing when it runs. */
export function referencesOf(source: Source, nodes: readonly ts.Node[]): Reference[] {
  return [...directives(source.ast), ...docComments(source.ast), ...importsIn(source, nodes)];
}

/** What a file imports, exports from elsewhere or loads; not what comments name. */
export function importsIn(source: Source, nodes: readonly ts.Node[]): Reference[] {
  return nodes.flatMap((node) => {
    const [specifier, names = ['*']] = referenceIn(source, node) ?? [];
    if (!specifier || !isText(specifier)) return [];
    const text = asSpecifier(source.path, fold(specifier)!);
    return [{ specifier: text, line: lineOf(source, specifier), names, typeOnly: isTypeOnly(node) }];
  });
}

/** The kinds of nodes that `referencesOf` wants to see. */
export const REFERENCE_KINDS: readonly ts.SyntaxKind[] = [
  ts.SyntaxKind.ImportDeclaration,
  ts.SyntaxKind.ExportDeclaration,
  ts.SyntaxKind.ImportEqualsDeclaration,
  ts.SyntaxKind.ImportType,
  ts.SyntaxKind.ModuleDeclaration,
  ts.SyntaxKind.CallExpression,
  ts.SyntaxKind.NewExpression,
];

/** The text that loads a file, where a call does: `import()`, `require()`, `jest.mock()` and their relatives. */
export function loadedBy({ expression, arguments: [first] }: ts.CallExpression): ts.Expression | undefined {
  if (expression.kind === ts.SyntaxKind.ImportKeyword) return first;
  if (ts.isIdentifier(expression)) return expression.text === 'require' ? first : undefined;
  if (!ts.isPropertyAccessExpression(expression)) return undefined;
  const { name, expression: subject } = expression;
  if (JEST.test(name.text)) return first;
  const isLoader = LOADERS.has(name.text) && /(?:^|\.)(?:require|module|meta|main)$/.test(subject.getText());
  return isLoader ? first : undefined;
}

const JEST =
  /^(?:mock|doMock|dontMock|unmock|setMock|unstable_mockModule|unstable_unmockModule|requireActual|requireMock|createMockFromModule|importActual)$/;
const LOADERS = new Set(['require', 'resolve', 'glob', 'context']);

function isText(node: ts.Node): boolean {
  const text = fold(node);
  return text !== undefined && !text.includes(UNKNOWN);
}

function referenceIn(source: Source, node: ts.Node): [ts.Node | undefined, names?: string[]] | undefined {
  if (ts.isImportDeclaration(node)) return [node.moduleSpecifier, importedNames(source, node.importClause)];
  if (ts.isExportDeclaration(node)) return [node.moduleSpecifier, exportedNames(node.exportClause)];
  if (ts.isImportTypeNode(node))
    return [ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, qualifierOf(node)];
  if (ts.isModuleDeclaration(node))
    return ts.isStringLiteral(node.name) && isPath(node.name.text) ? [node.name, []] : undefined;
  if (ts.isCallExpression(node)) return [loadedBy(node)];
  if (ts.isNewExpression(node)) return [ownWorker(source, node)];
  if (!ts.isImportEqualsDeclaration(node) || !ts.isExternalModuleReference(node.moduleReference)) return undefined;
  return [node.moduleReference.expression];
}

/** The file of a Worker, where it is one of this module or part; those of others are found as paths. */
function ownWorker({ path }: Source, { expression, arguments: given }: ts.NewExpression): ts.Expression | undefined {
  const [first] = given ?? [];
  if (!first || !/(?:^|\.)Worker$/.test(expression.getText())) return undefined;
  const text = fold(first);
  return text?.startsWith(ROOT) && moduleOf(pathFrom(path, text)) === moduleOf(path) ? first : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node) || ts.isModuleDeclaration(node)) return true;
  if (ts.isImportEqualsDeclaration(node)) return node.isTypeOnly;
  if (ts.isImportDeclaration(node)) {
    const { isTypeOnly: all = false, name, namedBindings: named } = node.importClause ?? {};
    return all || (!name && named !== undefined && ts.isNamedImports(named) && areTypes(named.elements));
  }
  if (!ts.isExportDeclaration(node)) return false;
  const named = node.exportClause;
  return node.isTypeOnly || (named !== undefined && ts.isNamedExports(named) && areTypes(named.elements));
}

function areTypes(names: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): boolean {
  return names.length > 0 && names.every((name) => name.isTypeOnly);
}

/** An ambient module of another name brings its own declarations: it refers to nothing. */
function isPath(specifier: string): boolean {
  return /^[./#@]/.test(specifier);
}

function importedNames(source: Source, clause: ts.ImportClause | undefined): string[] {
  if (!clause) return [];
  const first = clause.name ? ['default'] : [];
  const named = clause.namedBindings;
  if (!named) return first;
  if (ts.isNamespaceImport(named)) return [...first, ...membersUsed(source.ast, named.name.text)];
  return [...first, ...named.elements.map((element) => (element.propertyName ?? element.name).text)];
}

function exportedNames(clause: ts.NamedExportBindings | undefined): string[] {
  return clause && ts.isNamedExports(clause)
    ? clause.elements.map((element) => (element.propertyName ?? element.name).text)
    : ['*'];
}

function qualifierOf({ qualifier }: ts.ImportTypeNode): string[] {
  if (!qualifier) return ['*'];
  let first: ts.EntityName = qualifier;
  while (ts.isQualifiedName(first)) first = first.left;
  return [first.text];
}

/** `messages.OrderPlaced` uses one name of a namespace; the namespace as a value uses them all. */
function membersUsed(ast: ts.SourceFile, namespace: string): string[] {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === namespace && !ts.isNamespaceImport(node.parent))
      names.add(memberOf(node));
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return [...names];
}

function memberOf(namespace: ts.Identifier): string {
  const { parent } = namespace;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === namespace) return parent.name.text;
  if (ts.isQualifiedName(parent) && parent.left === namespace) return parent.right.text;
  return '*';
}
