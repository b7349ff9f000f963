import { posix } from 'node:path';
import ts from 'typescript';

/** Stands in a folded text for what is only known at run time. */
export const UNKNOWN = '\u0000';
/** Stands for the folder of the project, at the beginning of a path that a file computes from its own place. */
export const ROOT = '\u0001';

type Fold = (node: ts.Node) => string | undefined;

/** Functions that give a path back, in another form. */
const SAME = /^(?:fileURLToPath|pathToFileURL|realpath|realpathSync|normalize|toNamespacedPath|String|toString)$/;
const OF_PATHS = new RegExp(`${SAME.source}|^(?:dirname|join|resolve)$`);

/**
 * The path that an expression computes from `import.meta`, `__dirname` or the working directory, which is taken for the
 * folder of the project.
 *
 * @returns a path that begins with {@link ROOT}; undefined when it is no such path
 */
export function foldPlace(node: ts.Node, fold: Fold): string | undefined {
  if (ts.isIdentifier(node)) return placeNamed(node, node.text.replace(/^__/, ''), node.text.startsWith('__'));
  if (ts.isPropertyAccessExpression(node)) return ofMember(node, fold);
  if (ts.isNewExpression(node)) return node.expression.getText() === 'URL' ? ofUrl(node.arguments, fold) : undefined;
  return ts.isCallExpression(node) ? ofCall(node, fold) : undefined;
}

/** The path from the root that a text means in a file of this path. Purely by name. */
export function pathFrom(file: string, text: string): string {
  if (text.startsWith(ROOT)) return posix.normalize(text.slice(1)).replace(/^\//, '') || '.';
  return posix.normalize(posix.join(posix.dirname(file), text));
}

/** A computed path as an import would write it; other texts as they are. */
export function asSpecifier(file: string, text: string): string {
  if (!text.startsWith(ROOT)) return text;
  const path = posix.relative(posix.dirname(file), pathFrom(file, text));
  return path.startsWith('.') ? path : `./${path}`;
}

function at(...parts: readonly string[]): string {
  return ROOT + posix.join('/', ...parts.map((part) => part.replaceAll(ROOT, '')));
}

function placeNamed(node: ts.Node, name: string, known: boolean): string | undefined {
  const file = node.getSourceFile().fileName;
  if (!known) return undefined;
  if (name === 'dirname') return at(posix.dirname(file));
  return name === 'filename' || name === 'url' ? at(file) : undefined;
}

/** `import.meta.dirname` and the like; `new URL('x', import.meta.url).pathname`. */
function ofMember({ expression, name }: ts.PropertyAccessExpression, fold: Fold): string | undefined {
  if (ts.isMetaProperty(expression)) return placeNamed(expression, name.text, true);
  return /^(?:href|pathname)$/.test(name.text) ? located(expression, fold) : undefined;
}

function ofUrl(given: readonly ts.Expression[] | undefined, fold: Fold): string | undefined {
  const [text, base] = given ?? [];
  const from = base && located(base, fold);
  if (!from) return text && located(text, fold);
  return at(from.endsWith('/') ? from : posix.dirname(from), fold(text!) ?? UNKNOWN);
}

function ofCall({ expression, arguments: given }: ts.CallExpression, fold: Fold): string | undefined {
  const callee = expression.getText();
  if (callee === 'process.cwd') return ROOT;
  if (callee === 'import.meta.resolve') return given[0] && ofResolve(given[0], fold);
  const name = callee.split('.').at(-1)!;
  if (/^replace(?:All)?$/.test(name)) return ofReplace(expression, given, fold);
  if (!OF_PATHS.test(name)) return undefined;
  const subject = given[0] ?? (ts.isPropertyAccessExpression(expression) ? expression.expression : expression);
  const start = located(subject, fold);
  if (start === undefined || SAME.test(name)) return start;
  return name === 'dirname' ? at(posix.dirname(start)) : at(start, ...rest(given, fold));
}

function rest(given: readonly ts.Expression[], fold: Fold): string[] {
  return given.slice(1).map((part) => fold(part) ?? UNKNOWN);
}

/** `import.meta.resolve('./beside.js')`; of a package it is no path of ours. */
function ofResolve(specifier: ts.Expression, fold: Fold): string | undefined {
  const text = fold(specifier);
  return text?.startsWith('.') ? at(posix.dirname(specifier.getSourceFile().fileName), text) : undefined;
}

function ofReplace(expression: ts.Expression, given: readonly ts.Expression[], fold: Fold): string | undefined {
  const subject = ts.isPropertyAccessExpression(expression) ? located(expression.expression, fold) : undefined;
  const [from, to] = given.map((each) => fold(each));
  return subject && from !== undefined ? subject.replaceAll(from, to ?? UNKNOWN) : undefined;
}

function located(node: ts.Node, fold: Fold): string | undefined {
  const text = fold(node);
  return text?.startsWith(ROOT) ? text : undefined;
}
