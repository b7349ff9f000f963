import ts from 'typescript';
import type { BoundedContextOptions } from '../../../platform/bounded-context.js';
import { definitionOf } from '../../../platform/messaging/define.js';
import type { Source } from '../../boundaries/sources/source.js';
import { lineOf } from '../../boundaries/sources/source.js';
import { moduleOf } from '../../boundaries/violation.js';
import type { Sources } from '../../contracts/sources/sources.js';

/** A question that has to be answered by another module before something here can go on. */
export interface Ask {
  message: string;
  to: string;
  /** `modules/letters/send-letter.ts:41` */
  at: string;
  /** In a loop or a callback: perhaps many times. */
  repeated: boolean;
  /** Within a `try` that has a `catch`: there may be another way. */
  caught: boolean;
}

/** A route, or a handler of a message: what somebody waits for. */
export interface Entry {
  kind: 'route' | 'command' | 'query' | 'event';
  /** `POST /v1/letters`, or the class of the message. */
  name: string;
  at: string;
  /** Of the module itself, and of its handlers that it waits for. */
  asks: readonly Ask[];
}

interface Found extends Omit<Entry, 'asks'> {
  own: Ask[];
  /** Classes of own commands and queries that it waits for. */
  uses: string[];
}

const HANDLERS: Readonly<Record<string, Entry['kind']>> = {
  CommandHandler: 'command',
  QueryHandler: 'query',
  EventsHandler: 'event',
};
const METHODS = new Set(['Get', 'Post', 'Put', 'Patch', 'Delete']);

/** What each route and handler of a module has to ask others before it can answer: read from the sources. */
export function entriesOf(module: string, sources: Sources, contexts: readonly BoundedContextOptions[]): Entry[] {
  const found = sources.in(`modules/${module}`).flatMap((source) => entriesIn(source, module, sources, contexts));
  const handlers = new Map(found.filter(({ kind }) => kind !== 'route').map((each) => [each.name, each]));
  return found.map(({ own, uses, ...entry }) => ({ ...entry, asks: [...own, ...asksBelow(uses, handlers)] }));
}

function asksBelow(uses: readonly string[], handlers: ReadonlyMap<string, Found>, seen = new Set<string>()): Ask[] {
  return uses.flatMap((name) => {
    const handler = handlers.get(name);
    if (!handler || seen.has(name)) return [];
    return [...handler.own, ...asksBelow(handler.uses, handlers, new Set([...seen, name]))];
  });
}

function entriesIn(
  source: Source,
  module: string,
  sources: Sources,
  contexts: readonly BoundedContextOptions[],
): Found[] {
  const foreign = (name: string) => foreignAsk(source, name, module, sources, contexts);
  return source.ast.statements.filter(ts.isClassDeclaration).flatMap((type) =>
    waitedFor(type).map(({ kind, name, method }) => {
      const created = reached(method, type, source).flatMap((node) => creations(node));
      const at = (node: ts.Node) => `${source.path}:${lineOf(source, node)}`;
      const own = created.flatMap(({ node, className }) => {
        const ask = foreign(className);
        return ask ? [{ ...ask, at: at(node), repeated: isRepeated(node), caught: isCaught(node) }] : [];
      });
      return { kind, name, at: at(method), own, uses: created.map(({ className }) => className) };
    }),
  );
}

/** The methods of a class for which somebody waits. */
function waitedFor(type: ts.ClassDeclaration) {
  const methods = type.members.filter(ts.isMethodDeclaration);
  const found: { kind: Entry['kind']; name: string; method: ts.MethodDeclaration }[] = [];
  for (const [decorator, args] of decoratorsOf(type)) {
    const kind = HANDLERS[decorator];
    const method = methods.find(({ name }) => name.getText() === (kind === 'event' ? 'handle' : 'execute'));
    if (kind && method)
      for (const message of args) found.push({ kind, name: message.getText().split('.').at(-1)!, method });
    if (decorator !== 'Controller') continue;
    for (const route of methods)
      for (const [verb, [path]] of decoratorsOf(route))
        if (METHODS.has(verb))
          found.push({ kind: 'route', name: `${verb.toUpperCase()} ${joined(args[0], path)}`, method: route });
  }
  return found;
}

function decoratorsOf(node: ts.HasDecorators): [name: string, args: readonly ts.Expression[]][] {
  return (ts.getDecorators(node) ?? []).flatMap(({ expression }) =>
    ts.isCallExpression(expression) ? [[expression.expression.getText(), [...expression.arguments]]] : [],
  );
}

function joined(...parts: (ts.Expression | undefined)[]): string {
  const texts = parts.map((part) => (part && ts.isStringLiteralLike(part) ? part.text : (part?.getText() ?? '')));
  return `/${texts
    .flatMap((text) => text.split('/'))
    .filter(Boolean)
    .join('/')}`;
}

/** The method, and what it calls of its own class and file. */
function reached(method: ts.MethodDeclaration, type: ts.ClassDeclaration, { ast }: Source): ts.Node[] {
  const functions = ast.statements.filter(ts.isFunctionDeclaration);
  const found: ts.Node[] = [method];
  const add = (node: ts.Node | undefined) => void (node && !found.includes(node) && found.push(node));
  for (const each of found) {
    const walk = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node) && node.expression.kind === ts.SyntaxKind.ThisKeyword)
        add(type.members.filter(ts.isMethodDeclaration).find(({ name }) => name.getText() === node.name.text));
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
        const { text } = node.expression;
        add(functions.find(({ name }) => name?.text === text));
      }
      ts.forEachChild(node, walk);
    };
    walk(each);
  }
  return found;
}

/** Messages that are made and waited for: what goes into an outbox is not waited for. */
function creations(root: ts.Node): { node: ts.NewExpression; className: string }[] {
  const found: { node: ts.NewExpression; className: string }[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /\.(?:send|publish)$/.test(node.expression.getText())) return;
    if (ts.isNewExpression(node)) found.push({ node, className: node.expression.getText().split('.').at(-1)! });
    ts.forEachChild(node, walk);
  };
  walk(root);
  return found;
}

function foreignAsk(
  source: Source,
  className: string,
  module: string,
  sources: Sources,
  contexts: readonly BoundedContextOptions[],
): Pick<Ask, 'message' | 'to'> | undefined {
  const { specifier, name } = source.imports.get(className) ?? { specifier: undefined, name: className };
  const target = specifier === undefined ? undefined : sources.resolve(source.path, specifier);
  const owner = target === undefined ? undefined : moduleOf(target);
  if (owner === undefined || owner === module) return undefined;
  const definition = definitionOf(contexts.find((each) => each.name === owner)?.contracts[name]);
  return definition && definition.kind !== 'event' ? { message: definition.name, to: definition.module } : undefined;
}

/** Up to the method itself: whatever lies between may run more than once. */
function isRepeated(node: ts.Node): boolean {
  for (let at = node.parent; !ts.isMethodDeclaration(at) && !ts.isFunctionDeclaration(at); at = at.parent) {
    if (ts.isIterationStatement(at, false) || ts.isArrowFunction(at) || ts.isFunctionExpression(at)) return true;
    if (ts.isSourceFile(at.parent)) return false;
  }
  return false;
}

function isCaught(node: ts.Node): boolean {
  for (let at = node; !ts.isSourceFile(at); at = at.parent) {
    const { parent } = at;
    if (ts.isTryStatement(parent) && parent.catchClause && parent.tryBlock === at) return true;
    const call = ts.isPropertyAccessExpression(parent) && parent.expression === at && parent.name.text === 'catch';
    if (call) return true;
  }
  return false;
}
