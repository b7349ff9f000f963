import ts from 'typescript';
import type { Source } from './source.js';

/** A name that is declared with one of the wanted types, and where it is known by that name. */
interface TypedName {
  name: string;
  type: string;
  member: boolean;
  scope: ts.Node;
}

/**
 * Looks up names by the type that they are declared with: parameters, properties and variables.
 *
 * @param wanted the types, by the name they have in this file
 * @returns the original name of an expression's type; undefined when it is none of them
 */
export function typeFinder(source: Source, wanted: readonly string[]): (node: ts.Expression) => string | undefined {
  const typed = wanted.length > 0 ? typedNames(source, wanted) : [];
  return function typeOf(node: ts.Expression): string | undefined {
    if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) return typeOf(node.expression);
    const onThis = ts.isPropertyAccessExpression(node) && node.expression.kind === ts.SyntaxKind.ThisKeyword;
    const text = onThis ? node.name.text : ts.isIdentifier(node) ? node.text : undefined;
    return typed.find(({ name, member, scope }) => name === text && member === onThis && contains(scope, node))?.type;
  };
}

function typedNames(source: Source, wanted: readonly string[]): TypedName[] {
  const found: TypedName[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isParameter(node) || ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node)) && node.type) {
      const type = node.type.getText();
      if (wanted.includes(type)) found.push(...namesOf(node, source.imports.get(type)!.name));
    }
    ts.forEachChild(node, visit);
  };
  visit(source.ast);
  return found;
}

function namesOf(
  node: ts.ParameterDeclaration | ts.PropertyDeclaration | ts.VariableDeclaration,
  type: string,
): TypedName[] {
  const name = node.name.getText();
  const scope = ts.isVariableDeclaration(node) ? node.getSourceFile() : node.parent;
  const local = { name, type, member: false, scope };
  if (ts.isPropertyDeclaration(node)) return [{ ...local, member: true }];
  const isProperty = ts.isParameter(node) && (node.modifiers?.length ?? 0) > 0;
  return isProperty ? [local, { ...local, member: true, scope: node.parent.parent }] : [local];
}

function contains(scope: ts.Node, node: ts.Node): boolean {
  return scope.pos <= node.pos && node.end <= scope.end;
}
