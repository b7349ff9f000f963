import ts from 'typescript';
import { isWrapper } from './constant.js';
import type { Known } from './readonly-types.js';
import { CONST, elementOf, isReadonlyList, isReadonlyObject, memberOf } from './readonly-types.js';
import type { Source } from './source.js';

/**
 * Judges what a constant is: a value that nobody can change, or something that all who import it would share. Types are
 * believed: `as const` and `readonly` are what keeps an importer from writing.
 */
export class PlainValues {
  readonly #constants = new Map<string, ts.VariableDeclaration>();
  readonly #functions = new Map<string, ts.FunctionLikeDeclaration>();

  constructor({ ast }: Source) {
    for (const statement of ast.statements) {
      if (ts.isFunctionDeclaration(statement) && statement.name) this.#functions.set(statement.name.text, statement);
      if (ts.isVariableStatement(statement)) statement.declarationList.declarations.forEach((each) => this.#note(each));
    }
  }

  #note(declaration: ts.VariableDeclaration): void {
    this.#constants.set(declaration.name.getText(), declaration);
    const { initializer } = declaration;
    if (initializer && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer)))
      this.#functions.set(declaration.name.getText(), initializer);
  }

  /** @returns what is wrong with the value, as the end of a sentence about it; undefined when it is plain */
  problem(value: ts.Expression, type?: ts.TypeNode, depth = 0): string | undefined {
    if (depth > 8) return undefined;
    const next = (part: ts.Expression, of?: ts.TypeNode) => this.problem(part, of, depth + 1);
    if (ts.isFunctionLike(value)) return 'is a function';
    if (ts.isClassExpression(value)) return 'is a class of its own kind';
    if (ts.isAsExpression(value) && !ts.isConstTypeReference(value.type)) return next(value.expression, value.type);
    if (isWrapper(value)) return next(value.expression, isConst(value) ? CONST : type);
    if (ts.isConditionalExpression(value)) return next(value.whenTrue, type) ?? next(value.whenFalse, type);
    if (ts.isArrayLiteralExpression(value)) return this.#list(value, type, next);
    if (ts.isObjectLiteralExpression(value)) return this.#object(value, type, next);
    if (ts.isNewExpression(value)) return this.#made(value, type);
    if (ts.isRegularExpressionLiteral(value)) return remembers(value.text.replace(/.*\//s, ''));
    if (ts.isIdentifier(value)) return this.#named(value, depth);
    return ts.isCallExpression(value) ? this.#called(value, type, depth) : undefined;
  }

  #list({ elements }: ts.ArrayLiteralExpression, type: Known, next: Next): string | undefined {
    if (!isReadonlyList(type)) return 'is an array that all who import it can change: write "as const" after it';
    const element = type === CONST ? CONST : elementOf(type);
    return first(elements.map((each) => next(ts.isSpreadElement(each) ? each.expression : each, element)));
  }

  #object({ properties }: ts.ObjectLiteralExpression, type: Known, next: Next): string | undefined {
    if (!isReadonlyObject(type)) return 'is an object that all who import it can change: write "as const" after it';
    return first(
      properties.map((each) => {
        if (ts.isSpreadAssignment(each)) return next(each.expression, type);
        if (ts.isShorthandPropertyAssignment(each)) return next(each.name);
        if (!ts.isPropertyAssignment(each)) return 'has a function';
        return next(each.initializer, type === CONST ? CONST : memberOf(type, each.name.getText()));
      }),
    );
  }

  #made(
    { expression, arguments: given = ts.factory.createNodeArray() }: ts.NewExpression,
    type: Known,
  ): string | undefined {
    const name = expression.getText();
    if (name === 'RegExp') return remembers(given[1] && ts.isStringLiteralLike(given[1]) ? given[1].text : '');
    if (/^(?:Set|Map)$/.test(name) && type && type !== CONST && new RegExp(`^Readonly${name}\\b`).test(type.getText()))
      return undefined;
    return /^(?:Set|Map)$/.test(name)
      ? `is a ${name} that all who import it can change: declare it as Readonly${name}<…>`
      : 'is an object that all who import it share';
  }

  /** A constant of this file is judged by what it is; one of other contracts where it is declared. */
  #named(name: ts.Identifier, depth: number): string | undefined {
    const constant = this.#constants.get(name.text);
    if (constant?.initializer) return this.problem(constant.initializer, constant.type, depth + 1);
    return this.#functions.has(name.text) ? 'is a function' : undefined;
  }

  /** Schemas come from calls; what a function of this file makes is judged by what it returns. */
  #called(call: ts.CallExpression, type: Known, depth: number): string | undefined {
    const callee = call.expression;
    const [given] = call.arguments;
    if (callee.getText() === 'Symbol' || callee.getText() === 'Symbol.for') return 'is a token';
    if (callee.getText() === 'Object.freeze' && given)
      return this.problem(given, isFlat(given) ? CONST : type, depth + 1);
    if (BUILDS.test(callee.getText()) || isLiteral(startOf(callee)))
      return isReadonlyList(type) || isReadonlyObject(type)
        ? undefined
        : 'is an object that all who import it can change: declare it as readonly';
    const made = ts.isIdentifier(callee) ? this.#functions.get(callee.text) : undefined;
    return first((made ? returnsOf(made) : []).map((each) => this.problem(each, type ?? made!.type, depth + 1)));
  }
}

/** What builds arrays and objects. */
const BUILDS = /^(?:Object\.(?!freeze)\w+|Array\.\w+|structuredClone|JSON\.parse)$/;

function startOf(callee: ts.Expression): ts.Expression {
  return ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee) ? startOf(callee.expression) : callee;
}

function isLiteral(value: ts.Expression): boolean {
  return ts.isArrayLiteralExpression(value) || ts.isParenthesizedExpression(value) || ts.isNewExpression(value);
}

type Next = (part: ts.Expression, type?: ts.TypeNode) => string | undefined;

function isConst(value: ts.Expression): boolean {
  return ts.isAsExpression(value) && ts.isConstTypeReference(value.type);
}

function first(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

function remembers(flags: string): string | undefined {
  return /[gy]/.test(flags) ? 'remembers where it last matched: leave out its flags g and y' : undefined;
}

/** Nothing inside of it can be changed either. */
function isFlat(value: ts.Expression): boolean {
  const parts = ts.isArrayLiteralExpression(value)
    ? [...value.elements]
    : ts.isObjectLiteralExpression(value)
      ? value.properties.map((each) => (ts.isPropertyAssignment(each) ? each.initializer : each))
      : [];
  return parts.every((part) => !ts.isArrayLiteralExpression(part) && !ts.isObjectLiteralExpression(part));
}

function returnsOf({ body }: ts.FunctionLikeDeclaration): ts.Expression[] {
  if (!body || !ts.isBlock(body)) return body ? [body] : [];
  return body.statements.flatMap((each) => (ts.isReturnStatement(each) && each.expression ? [each.expression] : []));
}
