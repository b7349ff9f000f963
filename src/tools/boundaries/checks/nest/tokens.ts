import ts from 'typescript';
import { fold, initializerOf } from '../../sources/constant.js';
import { moduleImported } from '../../references/resolve.js';
import { isImported } from '../../sources/source.js';
import { typeFinder } from '../../sources/typed-names.js';
import type { Check, Finding } from '../../sources/visitor.js';

const ADVICE = `A module gives nothing to another by injection. Ask its owner by a command or query of its contracts, or provide it in this module.`;
const LOOK_UP = /^(?:get|resolve|select)$/;

/** What is given from module to module by injection. */
export const tokens: Check = (source, { facts, report, reportLater }) => {
  const { module } = source;
  if (!module) return undefined;
  const leak = (node: ts.Node, target: string, what: string) =>
    report(node, { rule: 'container', target, message: `${what} ${ADVICE}` });

  const isRefType = (local: string) => source.imports.get(local)!.name === 'ModuleRef';
  const typeOf = typeFinder(source, [...source.imports.keys()].filter(isRefType));

  return {
    [ts.SyntaxKind.Decorator]: ({ expression }: ts.Decorator) => {
      const callee = ts.isCallExpression(expression) ? expression.expression : expression;
      if (isImported(source, callee, 'Global', '@nestjs/common'))
        leak(expression, '@Global()', '@Global() puts providers into every module.');
      const [token] = ts.isCallExpression(expression) ? expression.arguments : [];
      if (token && isImported(source, callee, 'Inject', '@nestjs/common')) wanted(token);
    },
    [ts.SyntaxKind.PropertyAssignment]: (node: ts.PropertyAssignment) => property(node),
    [ts.SyntaxKind.CallExpression]: ({ expression, arguments: [token, ...more] }: ts.CallExpression) => {
      if (!token || !ts.isPropertyAccessExpression(expression) || !LOOK_UP.test(expression.name.text)) return;
      const isRef = typeOf(expression.expression) !== undefined;
      if (isRef) wanted(token);
      for (const options of more) if (options.getText() !== 'undefined') looseOptions(options, isRef);
    },
    [ts.SyntaxKind.Parameter]: ({ type }: ts.ParameterDeclaration) => {
      const injected = type && ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName) && isInConstructor(type);
      const owner = injected ? moduleImported(source, type.typeName) : undefined;
      if (owner) report(type!, foreignToken(type!.getText(), owner));
    },
  };

  function property(node: ts.PropertyAssignment): void {
    const { name, initializer, parent } = node;
    const key = ts.isStringLiteral(name) ? name.text : name.getText();
    if (key === 'provide') provided(initializer);
    if (key === 'inject' && hasKey(parent, 'useFactory') && ts.isArrayLiteralExpression(initializer))
      initializer.elements.forEach(wanted);
    if (initializer.kind === ts.SyntaxKind.TrueKeyword && isOfModule(key, parent))
      leak(name, `${key}: true`, `"${key}: true" puts providers into every module.`);
  }

  /** Options that are not strict, or that nobody can read here. */
  function looseOptions(options: ts.Expression, isRef: boolean): void {
    const object = ts.isIdentifier(options) ? initializerOf(options) : options;
    const strict = object && ts.isObjectLiteralExpression(object) ? keyOf(object, 'strict') : undefined;
    const isLoose = strict && !(ts.isPropertyAssignment(strict) && isTrue(strict.initializer));
    if (isLoose && (isRef || ts.isObjectLiteralExpression(options)))
      leak(strict, 'strict: false', '"strict: false" looks into every module.');
    else if (isRef && (!object || ts.isIdentifier(object)))
      leak(options, options.getText(), `These options cannot be read here, and may say "strict: false".`);
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

/** `global: true` of a dynamic module, and `isGlobal: true` for the making of one. */
function isOfModule(key: string, object: ts.ObjectLiteralExpression): boolean {
  if (key === 'global') return ['module', 'providers', 'exports'].some((each) => hasKey(object, each));
  return key === 'isGlobal' && /\.(?:forRoot|forFeature|register)\w*$/.test(callOf(object)?.expression.getText() ?? '');
}

function callOf({ parent }: ts.Node): ts.CallExpression | undefined {
  return ts.isCallExpression(parent) ? parent : undefined;
}

function hasKey(object: ts.ObjectLiteralExpression, key: string): boolean {
  return keyOf(object, key) !== undefined;
}

function keyOf(object: ts.ObjectLiteralExpression, key: string): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find(({ name }) => name?.getText().replace(/['"]/g, '') === key);
}

function isTrue({ kind }: ts.Expression): boolean {
  return kind === ts.SyntaxKind.TrueKeyword;
}
