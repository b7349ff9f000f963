import ts from 'typescript';
import { fold } from '../sources/constant.js';
import { loadedBy } from '../references/references.js';
import type { Source } from '../sources/source.js';
import type { Scene, Visitor } from '../sources/visitor.js';

/** Looks at one text, as far as the file alone tells what it will be. */
export type TextCheck = (text: string, node: ts.Node) => void;

/** Shows every text of a file, put together from its parts, to the checks. Specifiers of imports are no such texts. */
export function eachText(checks: readonly TextCheck[]): Visitor {
  const look = (node: ts.Node) => {
    if (isPart(node) || isSpecifier(node) || (ts.isCallExpression(node) && loadedBy(node))) return;
    const text = fold(node);
    if (text) for (const check of checks) check(text, node);
  };
  return {
    [ts.SyntaxKind.StringLiteral]: look,
    [ts.SyntaxKind.NoSubstitutionTemplateLiteral]: look,
    [ts.SyntaxKind.TemplateExpression]: look,
    [ts.SyntaxKind.BinaryExpression]: (node: ts.BinaryExpression) =>
      node.operatorToken.kind === ts.SyntaxKind.PlusToken && look(node),
    [ts.SyntaxKind.CallExpression]: look,
    [ts.SyntaxKind.NewExpression]: look,
  };
}

export type TextChecks = (source: Source, scene: Scene) => TextCheck | undefined;

/** Whether it is looked at as a part of a longer text. */
function isPart({ parent }: ts.Node): boolean {
  if (ts.isTemplateSpan(parent)) return true;
  if (ts.isBinaryExpression(parent)) return parent.operatorToken.kind === ts.SyntaxKind.PlusToken;
  return ts.isParenthesizedExpression(parent) && isPart(parent);
}

function isSpecifier(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isExternalModuleReference(parent))
    return true;
  if (ts.isModuleDeclaration(parent) || (ts.isLiteralTypeNode(parent) && ts.isImportTypeNode(parent.parent)))
    return true;
  return ts.isCallExpression(parent) && loadedBy(parent) === node;
}
