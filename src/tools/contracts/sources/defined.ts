import ts from 'typescript';
import { fold } from '../../boundaries/sources/constant.js';
import { UNKNOWN } from '../../boundaries/sources/located.js';
import type { Source } from '../../boundaries/sources/source.js';
import { lineOf } from '../../boundaries/sources/source.js';

/** A place where a file defines a message, or does what may be that. */
interface Defined {
  /** Its wire name; absent where it cannot be read. */
  readonly message?: string;
  readonly node: ts.Node;
  readonly line: number;
}

const DEFINE = /^define(?:Command|Query|Event)$/;

const known = new WeakMap<Source, readonly Defined[]>();

/** The messages that a file defines, and every use of a definition helper that hides which. */
export function definedIn(source: Source): readonly Defined[] {
  const found = known.get(source) ?? definitionsOf(source);
  known.set(source, found);
  return found;
}

function definitionsOf(source: Source): Defined[] {
  const found: Defined[] = [];
  const visit = (node: ts.Node): void => {
    if (isDefine(source, node)) found.push(definedAt(source, node));
    if (!ts.isImportDeclaration(node)) ts.forEachChild(node, visit);
  };
  visit(source.ast);
  return found;
}

/** `defineEvent`, under whatever name it was imported, or as a member of a namespace. */
function isDefine(source: Source, node: ts.Node): node is ts.Identifier {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return DEFINE.test(node.text);
  if (ts.isExportSpecifier(parent) && parent.parent.parent.moduleSpecifier)
    return (parent.propertyName ?? parent.name) === node && DEFINE.test(node.text);
  return DEFINE.test(source.imports.get(node.text)?.name ?? '');
}

function definedAt(source: Source, name: ts.Identifier): Defined {
  const callee = ts.isPropertyAccessExpression(name.parent) ? name.parent : name;
  const call = callee.parent;
  const isCall = ts.isCallExpression(call) && call.expression === callee;
  const text = isCall && call.arguments[0] ? fold(call.arguments[0]) : undefined;
  const message = text?.includes(UNKNOWN) ? undefined : text;
  return { ...(message !== undefined && { message }), node: name, line: lineOf(source, name) };
}
