import ts from 'typescript';
import type { Source } from '../sources/source.js';
import { isDeclared, isUse } from '../sources/source.js';
import type { Check } from '../sources/visitor.js';

const ADVICE =
  'Modules that share a process share nothing else: keep it in a provider of this module, or in its tables.';
const BUILT_IN = new Set(Object.getOwnPropertyNames(globalThis));
const WRITERS =
  /^(?:Object\.(?:assign|define(?:Property|Properties)|setPrototypeOf)|Reflect\.(?:set|defineProperty|setPrototypeOf))$/;

/** State that all modules of a process would share. */
export const globals: Check = (source, { report }) => {
  const { module, imports } = source;
  if (!module) return undefined;
  const shared = (node: ts.Node, target: string) =>
    report(node, {
      rule: 'shared-global',
      target,
      message: `${target} is shared by every module of the process. ${ADVICE}`,
    });

  return {
    [ts.SyntaxKind.Identifier]: (node: ts.Identifier) => {
      if (/^(?:globalThis|global)$/.test(node.text) && isUse(node) && !isBuiltInRead(node))
        shared(node, node.parent.getText());
    },
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      const { expression } = node;
      const [first] = node.arguments;
      const name = expression.getText();
      if (name === 'Symbol.for' && !/^['"]nodejs\./.test(first?.getText() ?? '')) shared(node, node.getText());
      if (first && WRITERS.test(name) && isForeign(rootOf(first))) shared(node, first.getText());
    },
    [ts.SyntaxKind.NewExpression]: ({ expression }: ts.NewExpression) => {
      if (expression.getText() === 'BroadcastChannel') shared(expression, 'BroadcastChannel');
    },
    [ts.SyntaxKind.BinaryExpression]: ({ left, operatorToken }: ts.BinaryExpression) => {
      const isAssignment =
        operatorToken.kind >= ts.SyntaxKind.FirstAssignment && operatorToken.kind <= ts.SyntaxKind.LastAssignment;
      const isMember = ts.isPropertyAccessExpression(left) || ts.isElementAccessExpression(left);
      if (isAssignment && isMember && isForeign(rootOf(left))) shared(left, left.getText());
    },
  };

  /** Built into JavaScript, or imported from outside of the module. */
  function isForeign(root: ts.Expression): boolean {
    if (!ts.isIdentifier(root) || /^(?:globalThis|global)$/.test(root.text)) return false;
    const origin = imports.get(root.text);
    return origin ? leaves(source, origin.specifier) : BUILT_IN.has(root.text) && !isDeclared(source, root.text);
  }
};

function leaves({ path }: Source, specifier: string): boolean {
  const depth = path.split('/').length - 3;
  return !specifier.startsWith('./') && (specifier.match(/\.\.\//g)?.length ?? Infinity) > depth;
}

/** `globalThis.fetch(…)` and the like; writing even a built-in changes it for everybody. */
function isBuiltInRead({ parent }: ts.Identifier): boolean {
  if (ts.isPropertyAssignment(parent)) return true;
  if (!ts.isPropertyAccessExpression(parent)) return false;
  const user = parent.parent;
  const isWritten =
    ts.isBinaryExpression(user) && user.left === parent && user.operatorToken.kind === ts.SyntaxKind.EqualsToken;
  return BUILT_IN.has(parent.name.text) && !isWritten;
}

function rootOf(node: ts.Expression): ts.Expression {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return rootOf(node.expression);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
    return rootOf(node.expression);
  return node;
}
