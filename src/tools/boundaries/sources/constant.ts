import ts from 'typescript';
import { foldPlace, UNKNOWN } from './located.js';

/**
 * The text that an expression will have, as far as the file alone tells: literals, templates, concatenation, joined
 * arrays, constants of the same file, and paths from where the file is.
 *
 * @returns the text, with {@link UNKNOWN} for its unknown parts; undefined when nothing of it is known
 */
export function fold(node: ts.Node, depth = 0): string | undefined {
  if (depth > 8) return undefined;
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) return foldTemplate(node, depth);
  if (ts.isBinaryExpression(node)) return foldSum(node, depth);
  if (ts.isTaggedTemplateExpression(node)) return fold(node.template, depth);
  if (isWrapper(node)) return fold(node.expression, depth);
  return foldNamed(node, depth) ?? foldPlace(node, (part) => fold(part, depth + 1));
}

function foldNamed(node: ts.Node, depth: number): string | undefined {
  if (ts.isCallExpression(node)) return foldCall(node, depth);
  if (ts.isIdentifier(node)) return foldConstant(node, depth);
  return ts.isPropertyAccessExpression(node) ? foldMember(node, depth) : undefined;
}

/** What changes the type of a value, and not the value. */
export function isWrapper(
  node: ts.Node,
): node is ts.ParenthesizedExpression | ts.AsExpression | ts.NonNullExpression | ts.SatisfiesExpression {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node)
  );
}

function foldTemplate(node: ts.TemplateExpression, depth: number): string {
  const spans = node.templateSpans.map((span) => (fold(span.expression, depth + 1) ?? UNKNOWN) + span.literal.text);
  return node.head.text + spans.join('');
}

function foldSum({ left, right, operatorToken }: ts.BinaryExpression, depth: number): string | undefined {
  if (operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const parts = [fold(left, depth), fold(right, depth)];
  return parts.every((part) => part === undefined) ? undefined : parts.map((part) => part ?? UNKNOWN).join('');
}

/** `[a, b].join('.')` and `a.concat(b)`. */
function foldCall({ expression, arguments: given }: ts.CallExpression, depth: number): string | undefined {
  if (!ts.isPropertyAccessExpression(expression)) return undefined;
  const { name, expression: subject } = expression;
  if (name.text === 'join' && ts.isArrayLiteralExpression(subject)) {
    const separator = given[0] ? (fold(given[0], depth) ?? UNKNOWN) : ',';
    return subject.elements.map((element) => fold(element, depth) ?? UNKNOWN).join(separator);
  }
  const start = name.text === 'concat' ? fold(subject, depth + 1) : undefined;
  return start === undefined ? undefined : start + given.map((part) => fold(part, depth) ?? UNKNOWN).join('');
}

/** What a name of the same file was declared with; undefined when that is not certain. */
export function initializerOf(node: ts.Identifier): ts.Expression | undefined {
  return constantsOf(node.getSourceFile()).get(node.text);
}

function foldConstant(node: ts.Identifier, depth: number): string | undefined {
  const value = initializerOf(node);
  return value && fold(value, depth + 1);
}

/** `TABLES.letters`, where `TABLES` is an object literal of this file. */
function foldMember(node: ts.PropertyAccessExpression, depth: number): string | undefined {
  let value = ts.isIdentifier(node.expression) ? initializerOf(node.expression) : undefined;
  while (value && isWrapper(value)) value = value.expression;
  if (!value || !ts.isObjectLiteralExpression(value)) return undefined;
  const member = value.properties.find(
    (property) => property.name && ts.isIdentifier(property.name) && property.name.text === node.name.text,
  );
  return member && ts.isPropertyAssignment(member) ? fold(member.initializer, depth + 1) : undefined;
}

const constants = new WeakMap<ts.SourceFile, Map<string, ts.Expression | undefined>>();

/** `const` declarations by name; a name that is declared twice tells nothing. */
function constantsOf(ast: ts.SourceFile): Map<string, ts.Expression | undefined> {
  const known = constants.get(ast);
  if (known) return known;
  const found = new Map<string, ts.Expression | undefined>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
      found.set(node.name.text, found.has(node.name.text) ? undefined : node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  constants.set(ast, found);
  return found;
}
