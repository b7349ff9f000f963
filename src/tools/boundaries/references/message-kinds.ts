import ts from 'typescript';
import type { Source } from '../sources/source.js';

/** `asks`: a command or query; `tells`: an event, schema or type. */
type Kind = 'asks' | 'tells';

interface Exports {
  own: Map<string, Kind>;
  /** Names that come from elsewhere: where, and what they are called there. */
  from: Map<string, { specifier: string; name: string }>;
  all: string[];
}

/** Which names of the contracts are messages that ask for an answer. */
export class MessageKinds {
  readonly #files = new Map<string, Exports>();

  constructor(private readonly resolve: (from: string, specifier: string) => string | undefined) {}

  add(source: Source): void {
    this.#files.set(source.path, exportsOf(source));
  }

  /** Whether one of these names, as exported by a file, is a command or a query; `*` stands for all names. */
  asks(path: string, names: readonly string[]): boolean {
    return names.some((name) => (name === '*' ? this.#someAsks(path, new Set()) : this.#asks(path, name, new Set())));
  }

  #asks(path: string | undefined, name: string, seen: Set<string>): boolean {
    const exports = path === undefined || seen.has(path) ? undefined : this.#files.get(path);
    if (!exports) return false;
    const own = exports.own.get(name);
    if (own) return own === 'asks';
    const from = exports.from.get(name);
    seen.add(path!);
    if (from) return this.#asks(this.resolve(path!, from.specifier), from.name, seen);
    return exports.all.some((specifier) => this.#asks(this.resolve(path!, specifier), name, seen));
  }

  #someAsks(path: string | undefined, seen: Set<string>): boolean {
    const exports = path === undefined || seen.has(path) ? undefined : this.#files.get(path);
    if (!exports) return false;
    seen.add(path!);
    if ([...exports.own.values()].includes('asks')) return true;
    const elsewhere = [...exports.all, ...[...exports.from.values()].map(({ specifier }) => specifier)];
    return elsewhere.some((specifier) => this.#someAsks(this.resolve(path!, specifier), seen));
  }
}

function exportsOf({ ast, imports }: Source): Exports {
  const exports: Exports = { own: new Map(), from: new Map(), all: [] };
  for (const statement of ast.statements) {
    if (ts.isClassDeclaration(statement) && statement.name)
      exports.own.set(statement.name.text, kindOfClass(statement));
    if (ts.isVariableStatement(statement))
      statement.declarationList.declarations.forEach((each) => addVariable(exports, each, imports));
    if (ts.isExportDeclaration(statement)) addExport(exports, statement, imports);
  }
  return exports;
}

/** A class of unknown descent may be a command: better to ask than to overlook. */
function kindOfClass({ heritageClauses }: ts.ClassLikeDeclaration): Kind {
  const base = heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
  return base ? kindOfBase(base.expression) : 'tells';
}

function kindOfBase(base: ts.Expression): Kind {
  return /^defineEvent\b/.test(base.getText()) ? 'tells' : 'asks';
}

function addVariable(
  exports: Exports,
  { name, initializer }: ts.VariableDeclaration,
  imports: Source['imports'],
): void {
  if (!initializer) return;
  const label = name.getText();
  const alias = ts.isIdentifier(initializer) ? initializer.text : undefined;
  if (alias !== undefined && imports.has(alias)) exports.from.set(label, imports.get(alias)!);
  else if (ts.isClassExpression(initializer)) exports.own.set(label, kindOfClass(initializer));
  else exports.own.set(label, exports.own.get(alias ?? '') ?? kindOfValue(initializer));
}

function kindOfValue(value: ts.Expression): Kind {
  return /^define(?:Command|Query)\b/.test(value.getText()) ? 'asks' : 'tells';
}

function addExport(
  exports: Exports,
  { moduleSpecifier, exportClause }: ts.ExportDeclaration,
  imports: Source['imports'],
): void {
  const specifier = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
  if (!exportClause || ts.isNamespaceExport(exportClause)) return void (specifier && exports.all.push(specifier));
  for (const { name, propertyName } of exportClause.elements) {
    const original = (propertyName ?? name).text;
    const from = specifier === undefined ? imports.get(original) : { specifier, name: original };
    if (from) exports.from.set(name.text, from);
  }
}
