import ts from 'typescript';
import { fold } from '../../sources/constant.js';
import type { Check } from '../../sources/visitor.js';
import type { TextChecks } from '../strings.js';

const WIRE_NAME = /^([a-z][a-z0-9-]*)\.[a-z][a-z0-9-]*\.v[1-9]\d*$/;

/** A message of another module, named by its wire name instead of by its class. */
export const wireNames: TextChecks = (source, { facts, report }) => {
  const { module, spec } = source;
  if (!module || spec) return undefined;
  return (text, node) => {
    const owner = WIRE_NAME.exec(text)?.[1];
    if (!owner || !facts.isOther(module, owner) || isDefinition(node.parent)) return;
    report(node, {
      rule: 'message-of-another',
      target: text,
      toModule: owner,
      message: `"${text}" is a message of ${owner}, named by hand. Import its class from modules/${owner}/contracts/, so that the dependency shows.`,
    });
  };
};

/** Messages carry the name of the module that owns them, and contexts the name of their folder. */
export const ownNames: Check = (source, { facts, report }) => {
  const { module, spec } = source;
  if (!module) return undefined;
  return {
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      const [first] = node.arguments;
      const owner = first && isDefinition(node) ? (fold(first) ?? '').split('.')[0]! : module;
      if (owner === module || (spec && !facts.isOther(module, owner))) return;
      const message = `This defines a message of "${owner}" in ${module}. Only its owner defines a message: import it from the owner's contracts, or name it "${module}.…".`;
      report(node, { rule: 'message-of-another', target: fold(first!) ?? 'a computed name', toModule: owner, message });
    },
    [ts.SyntaxKind.Decorator]: ({ expression }: ts.Decorator) => {
      const context = contextName(expression);
      if (context === undefined || context === module || (spec && !facts.isOther(module, context))) return;
      const message = `This bounded context calls itself "${context}" and would get that schema and its messages. Call it "${module}", as its folder.`;
      report(expression, { rule: 'context-of-another', target: context, toModule: context, message });
    },
  };
};

function isDefinition(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    ts.isIdentifier(node.expression) &&
    /^define(?:Command|Query|Event)$/.test(node.expression.text)
  );
}

function contextName(expression: ts.Expression): string | undefined {
  if (!ts.isCallExpression(expression) || !/(?:^|\.)BoundedContext$/.test(expression.expression.getText()))
    return undefined;
  const [options] = expression.arguments;
  if (!options || !ts.isObjectLiteralExpression(options)) return 'a computed name';
  const name = options.properties.find((property) => property.name?.getText() === 'name');
  if (!name) return 'a computed name';
  return (ts.isPropertyAssignment(name) && fold(name.initializer)) || 'a computed name';
}
