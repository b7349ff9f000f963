import ts from 'typescript';
import type { Source } from '../../sources/source.js';
import { typeFinder } from '../../sources/typed-names.js';
import type { Check } from '../../sources/visitor.js';

/** What modules may do with the objects that the platform gives them. */
const MEMBERS: Readonly<Record<string, ReadonlySet<string>>> = {
  Database: new Set(['sql', 'manager', 'repository', 'changed', 'position', 'module']),
  EventBus: new Set(['publish', 'publishAll']),
  CommandBus: new Set(['execute']),
  QueryBus: new Set(['execute']),
};
const ADVICE = 'Modules use its public methods only; what is missing there is asked of the platform.';
const REFLECTION =
  /^(?:Object\.(?:assign|define\w+|setPrototypeOf|getOwnProperty\w+|entries|values)|Reflect\.(?:get|set|has|apply|ownKeys|defineProperty|setPrototypeOf))$/;

/** Reaching into the platform, past what it offers. */
export const privates: Check = (source, { report }) => {
  if (!source.module) return undefined;
  const typeOf = typeFinder(
    source,
    [...source.imports.keys()].filter((local) => isSealed(source, local)),
  );
  const leak = (node: ts.Node, target: string) =>
    report(node, { rule: 'platform-privates', target, message: `${target} is none of a module's business. ${ADVICE}` });

  return {
    [ts.SyntaxKind.PropertyAccessExpression]: ({ expression, name }: ts.PropertyAccessExpression) => {
      const type = typeOf(expression);
      if (type && !MEMBERS[type]!.has(name.text)) leak(name, `${type}.${name.text}`);
    },
    [ts.SyntaxKind.ElementAccessExpression]: ({ expression, argumentExpression }: ts.ElementAccessExpression) => {
      const type = typeOf(expression);
      if (type) leak(argumentExpression, `${type}[${argumentExpression.getText()}]`);
    },
    [ts.SyntaxKind.AsExpression]: ({ expression, type }: ts.AsExpression) => {
      const known = typeOf(expression);
      if (known) leak(type, `${known} as ${type.getText()}`);
    },
    [ts.SyntaxKind.VariableDeclaration]: ({ name, initializer }: ts.VariableDeclaration) => {
      const type = initializer && ts.isObjectBindingPattern(name) ? typeOf(initializer) : undefined;
      for (const { propertyName, name: local } of type && ts.isObjectBindingPattern(name) ? name.elements : []) {
        const member = (propertyName ?? local).getText();
        if (!MEMBERS[type!]!.has(member)) leak(local, `${type}.${member}`);
      }
    },
    [ts.SyntaxKind.CallExpression]: ({ expression, arguments: [first] }: ts.CallExpression) => {
      const type = first && REFLECTION.test(expression.getText()) ? typeOf(first) : undefined;
      if (type) leak(first!, `${expression.getText()}(${type})`);
    },
    [ts.SyntaxKind.NewExpression]: ({ expression }: ts.NewExpression) => {
      if (ts.isIdentifier(expression) && expression.text === 'Database' && isSealed(source, expression.text))
        leak(expression, 'new Database()');
    },
    [ts.SyntaxKind.StringLiteral]: (node: ts.StringLiteral) => {
      if (node.text.startsWith('liftout:')) leak(node, node.text);
    },
  };
};

function isSealed({ imports }: Source, local: string): boolean {
  const origin = imports.get(local);
  return origin !== undefined && origin.name in MEMBERS && /\/platform\/|^@nestjs\/cqrs$/.test(origin.specifier);
}
