import ts from 'typescript';
import { fold } from '../constant.js';
import { moduleImported } from '../resolve.js';
import { isImported } from '../source.js';
import type { Check, Finding } from '../visitor.js';

const ADVICE = `A module gives nothing to another by injection. Ask its owner by a command or query of its contracts, or provide it in this module.`;
const CONTAINER = new Set([
  'ModulesContainer',
  'DiscoveryService',
  'DiscoveryModule',
  'LazyModuleLoader',
  'NestContainer',
  'NestFactory',
  'GraphInspector',
  'APP_GUARD',
  'APP_PIPE',
  'APP_INTERCEPTOR',
  'APP_FILTER',
]);

/** What reaches into the container beyond the module itself. */
export const tokens: Check = (source, { facts, report, reportLater }) => {
  const { module } = source;
  if (!module) return undefined;
  const leak = (node: ts.Node, target: string, what: string) =>
    report(node, { rule: 'container', target, message: `${what} ${ADVICE}` });

  return {
    [ts.SyntaxKind.Decorator]: ({ expression }: ts.Decorator) => {
      const callee = ts.isCallExpression(expression) ? expression.expression : expression;
      if (isImported(source, callee, 'Global', '@nestjs/common'))
        leak(expression, '@Global()', '@Global() puts providers into every module.');
      const [token] = ts.isCallExpression(expression) ? expression.arguments : [];
      if (token && isImported(source, callee, 'Inject', '@nestjs/common')) wanted(token);
    },
    [ts.SyntaxKind.PropertyAssignment]: (node: ts.PropertyAssignment) => property(node),
    [ts.SyntaxKind.ImportSpecifier]: (node: ts.ImportSpecifier) => {
      const name = (node.propertyName ?? node.name).text;
      if (CONTAINER.has(name) && isImported(source, node.name, name, '@nestjs/core'))
        leak(node, name, `${name} reaches the whole container.`);
    },
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      const { expression } = node;
      const [token] = node.arguments;
      const isLookup =
        ts.isPropertyAccessExpression(expression) && /^(?:get|resolve|select)$/.test(expression.name.text);
      if (token && isLookup && /ref$/i.test(expression.expression.getText())) wanted(token);
    },
    [ts.SyntaxKind.Parameter]: ({ type }: ts.ParameterDeclaration) => {
      const injected = type && ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName) && isInConstructor(type);
      const owner = injected ? moduleImported(source, type.typeName) : undefined;
      if (owner) report(type!, foreignToken(type!.getText(), owner));
    },
  };

  function property({ name, initializer }: ts.PropertyAssignment): void {
    const key = ts.isStringLiteral(name) ? name.text : name.getText();
    if (key === 'provide') provided(initializer);
    if (key === 'inject' && ts.isArrayLiteralExpression(initializer)) initializer.elements.forEach(wanted);
    const isTrue = initializer.kind === ts.SyntaxKind.TrueKeyword;
    if ((key === 'global' || key === 'isGlobal') && isTrue)
      leak(name, `${key}: true`, `"${key}: true" puts providers into every module.`);
    if (key === 'strict' && !isTrue && /ModuleRef/.test(source.ast.text))
      leak(name, 'strict: false', '"strict: false" looks into every module.');
  }

  function provided(token: ts.Expression): void {
    const name = fold(token);
    const owner = moduleImported(source, token);
    if (name !== undefined) facts.note(module!, 'token', name);
    else if (owner) report(token, foreignToken(token.getText(), owner));
  }

  /** A token that is a text must come from this module; a class from contracts would be a service of another. */
  function wanted(token: ts.Expression): void {
    const owner = moduleImported(source, token);
    if (owner) return report(token, foreignToken(token.getText(), owner));
    const name = fold(token);
    if (name === undefined) return;
    reportLater(token, () =>
      facts.has(module!, 'token', name)
        ? undefined
        : foreignToken(`'${name}'`, facts.otherWith(module!, 'token', name)),
    );
  }
};

function foreignToken(target: string, toModule: string | undefined): Finding {
  const message = `The token ${target} is provided by ${toModule ?? 'nobody in this module'}. ${ADVICE}`;
  return { rule: 'container', target, message, ...(toModule && { toModule }) };
}

function isInConstructor({ parent }: ts.TypeNode): boolean {
  return ts.isParameter(parent) && ts.isConstructorDeclaration(parent.parent) && isProvider(parent.parent.parent);
}

/** Nest builds decorated classes only: a constructor of plain data may take messages. */
function isProvider(type: ts.Node): boolean {
  return ts.canHaveDecorators(type) && (ts.getDecorators(type)?.length ?? 0) > 0;
}
