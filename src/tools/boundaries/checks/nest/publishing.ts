import ts from 'typescript';
import { initializerOf, isWrapper } from '../../sources/constant.js';
import { moduleReached } from '../../references/resolve.js';
import type { Source } from '../../sources/source.js';
import { typeFinder } from '../../sources/typed-names.js';
import type { Check } from '../../sources/visitor.js';

const PUBLISHES = /^publish(?:All)?$/;

/** Events of another module that are published here: only their owner says that they have happened. */
export const publishing: Check = (source, { facts, report }) => {
  const { module, spec } = source;
  if (!module || spec || !/\.publish(?:All)?\s*\(/.test(source.ast.text)) return undefined;
  const foreign = foreignNames(source, (other) => facts.isOther(module, other));
  if (foreign.size === 0) return undefined;
  const typeOf = typeFinder(source, [...foreign.keys()]);
  return {
    [ts.SyntaxKind.CallExpression]: ({ expression, arguments: given }: ts.CallExpression) => {
      if (!ts.isPropertyAccessExpression(expression) || !PUBLISHES.test(expression.name.text)) return;
      for (const node of given.flatMap(valuesOf)) {
        const type = ts.isNewExpression(node) ? node.expression.getText() : localType(source, typeOf(node));
        const owner = type === undefined ? undefined : foreign.get(type.split('.')[0]!);
        if (owner !== undefined)
          report(expression, {
            rule: 'message-of-another',
            target: type!,
            toModule: owner,
            message: `This publishes ${type} of ${owner}. Only ${owner} says what has happened there: send it a command, or publish an event of ${module}.`,
          });
      }
    },
  };
};

/** Local name of what is imported from another module → that module. */
function foreignNames(source: Source, isOther: (module: string) => boolean): Map<string, string> {
  const found = new Map<string, string>();
  for (const [local, { specifier }] of source.imports) {
    const owner = moduleReached(source, specifier);
    if (owner !== undefined && isOther(owner)) found.set(local, owner);
  }
  return found;
}

/** The finder knows types by the name that they were exported under. */
function localType({ imports }: Source, name: string | undefined): string | undefined {
  return name === undefined ? undefined : [...imports].find(([, origin]) => origin.name === name)?.[0];
}

/** What an argument may be, as far as the file alone tells. */
function valuesOf(node: ts.Expression): ts.Expression[] {
  if (isWrapper(node)) return valuesOf(node.expression);
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(valuesOf);
  if (ts.isSpreadElement(node)) return valuesOf(node.expression);
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(valuesOf);
  const value = ts.isIdentifier(node) ? initializerOf(node) : undefined;
  return value && !ts.isIdentifier(value) && node !== value ? [node, ...valuesOf(value)] : [node];
}
