import ts from 'typescript';
import { fold } from '../sources/constant.js';
import { UNKNOWN } from '../sources/located.js';
import { loadedBy } from '../references/references.js';
import { isDeclared, isUse } from '../sources/source.js';
import type { Check } from '../sources/visitor.js';

const ADVICE = 'Write an import with the path as a plain text, so that it can be checked.';
/** Errors only: whatever else the platform offers pulls in Nest or the database. */
const PURE = new Set(['Conflict', 'DomainError', 'Forbidden', 'Invalid', 'NotFound', 'RetryLater', 'Unavailable']);

/** Ways to load code that no import shows. Modules and the platform have none. */
export const loaders: Check = (source, { report }) => {
  const { module, path, spec } = source;
  if (!module && (!path.startsWith('src/platform/') || spec)) return undefined;
  const hidden = (node: ts.Node, target: string, what: string) =>
    report(node, { rule: 'hidden-import', target, message: `${what} ${ADVICE}` });

  return {
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      const loaded = loadedBy(node);
      const text = loaded && fold(loaded);
      const isKnown = text !== undefined && !text.includes(UNKNOWN);
      if (loaded && !isKnown) hidden(node, shown(text), 'This loads a file whose path is computed.');
      if (/^(?:eval|Function)$/.test(node.expression.getText()))
        hidden(node, node.expression.getText(), 'This runs a text as code.');
    },
    [ts.SyntaxKind.NewExpression]: ({ expression }: ts.NewExpression) => {
      if (expression.getText() === 'Function') hidden(expression, 'Function', 'This runs a text as code.');
    },
    [ts.SyntaxKind.Identifier]: (node: ts.Identifier) => {
      if (!module) return;
      if (node.text === 'require' && isUse(node) && !isPlainCall(node) && !isDeclared(source, 'require')) {
        hidden(node, 'require', '"require" is used here as a value.');
      }
      if (node.text === 'createRequire' && !ts.isImportSpecifier(node.parent))
        hidden(node, 'createRequire', 'createRequire makes a loader of its own.');
    },
  };
};

/** A pure domain takes nothing from the platform but its errors; the paths are judged by the rules file. */
export const domain: Check = ({ path, module, spec }, { report }) => {
  if (!module || spec || !path.includes('/domain/')) return undefined;
  return {
    [ts.SyntaxKind.ImportSpecifier]: (node: ts.ImportSpecifier) => {
      const declaration = node.parent.parent.parent as ts.ImportDeclaration;
      const name = (node.propertyName ?? node.name).text;
      if (!(declaration.moduleSpecifier as ts.StringLiteral).text.includes('/src/platform/') || PURE.has(name)) return;
      const message = `A domain is pure: ${name} of the platform is infrastructure. Take values, return decisions, and leave it to the handler.`;
      report(node, { rule: 'domain-is-pure', target: name, message });
    },
  };
};

function shown(text: string | undefined): string {
  return text?.replaceAll(UNKNOWN, '…') ?? 'a computed path';
}

/** `require('./own.cjs')`, `require.resolve('./own.cjs')` and the like show what they load. */
function isPlainCall(node: ts.Identifier): boolean {
  const callee = ts.isPropertyAccessExpression(node.parent) && node.parent.name.text === 'resolve' ? node.parent : node;
  return ts.isCallExpression(callee.parent) && callee.parent.expression === callee;
}
