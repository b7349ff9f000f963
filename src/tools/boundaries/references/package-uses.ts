import ts from 'typescript';
import { fold } from '../sources/constant.js';
import { loadedBy } from './references.js';
import type { Source } from '../sources/source.js';
import type { Visitor } from '../sources/visitor.js';

/** @param name as the package calls it, with its members so far: `z`, `z.config`; `*` when it may be anything */
type OnUse = (node: ts.Node, specifier: string, name: string) => void;

/** Shows what a file takes from packages, each name once it is taken: by import, re-export, call, or as a member. */
export function packageUses(source: Source, on: OnUse): Visitor {
  const taken = (node: ts.ImportDeclaration | ts.ExportDeclaration) => {
    for (const [at, name] of namesIn(node)) on(at, (node.moduleSpecifier as ts.StringLiteral).text, name);
  };
  return {
    [ts.SyntaxKind.ImportDeclaration]: taken,
    [ts.SyntaxKind.ExportDeclaration]: taken,
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      const loaded = loadedBy(node);
      const specifier = loaded && fold(loaded);
      if (specifier !== undefined && isPackage(specifier))
        for (const name of namesOfLoaded(node)) on(node, specifier, name);
    },
    [ts.SyntaxKind.Identifier]: (node: ts.Identifier) => {
      const origin = source.imports.get(node.text);
      if (!origin || !isPackage(origin.specifier) || isBinding(node)) return;
      const whole = /^(?:\*|default)$/.test(origin.name);
      for (const name of members(node, whole ? '' : origin.name)) on(node, origin.specifier, name);
    },
  };
}

function isPackage(specifier: string): boolean {
  return !/^[./]/.test(specifier);
}

function namesIn(node: ts.ImportDeclaration | ts.ExportDeclaration): [node: ts.Node, name: string][] {
  if (!node.moduleSpecifier) return [];
  const named = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
  if (ts.isExportDeclaration(node) && (!named || ts.isNamespaceExport(named))) return [[node, '*']];
  if (!named || ts.isNamespaceImport(named) || ts.isNamespaceExport(named)) return [];
  return named.elements.map((each) => [each, (each.propertyName ?? each.name).text]);
}

/** Of `(await import('x')).y` and `const { y } = await import('x')`; a plain name is followed where it is used. */
function namesOfLoaded(call: ts.CallExpression): string[] {
  let node: ts.Node = call;
  while (ts.isAwaitExpression(node.parent) || ts.isParenthesizedExpression(node.parent)) node = node.parent;
  const { parent } = node;
  return ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) ? [] : members(node, '');
}

/** Every name on the way from an object to the member that is used of it; `*` for an object that is handed on as it is. */
function members(node: ts.Node, start: string): string[] {
  const names: string[] = [];
  let [user, name] = [node, start];
  for (let member = memberOf(user); member !== undefined; member = memberOf(user)) {
    names.push((name = qualified(name, member)));
    user = user.parent;
  }
  const taken = destructured(user).map((member) => qualified(name, member));
  return names.length + taken.length > 0 || start ? [...names, ...taken] : ['*'];
}

function qualified(name: string, member: string): string {
  return name ? `${name}.${member}` : member;
}

function memberOf(node: ts.Node): string | undefined {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === node) return parent.name.text;
  if (ts.isQualifiedName(parent) && parent.left === node) return parent.right.text;
  if (!ts.isElementAccessExpression(parent) || parent.expression !== node) return undefined;
  return fold(parent.argumentExpression) ?? '*';
}

/** `const { config } = z`. */
function destructured({ parent }: ts.Node): string[] {
  if (!ts.isVariableDeclaration(parent) || !ts.isObjectBindingPattern(parent.name)) return [];
  return parent.name.elements.map((element) => (element.propertyName ?? element.name).getText());
}

/** The place where a name is bound, or something else of that name. */
function isBinding(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isPropertyAssignment(parent) || ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent))
    return parent.name === node;
  return (
    ts.isImportSpecifier(parent) ||
    ts.isImportClause(parent) ||
    ts.isNamespaceImport(parent) ||
    ts.isImportEqualsDeclaration(parent) ||
    ts.isBindingElement(parent) ||
    ts.isParameter(parent)
  );
}
