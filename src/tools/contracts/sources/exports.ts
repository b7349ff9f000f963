import ts from 'typescript';
import type { Source } from '../../boundaries/sources/source.js';
import { moduleOf } from '../../boundaries/violation.js';
import { definedIn } from './defined.js';
import type { Sources } from './sources.js';

/** Another file's export, under the name that it has there; `*`: all of them. */
interface Elsewhere {
  readonly specifier: string;
  readonly name: string;
}

/** A file by its names. */
interface Names {
  /** What the file declares. */
  readonly own: ReadonlyMap<string, ts.Node>;
  /** Exported name → own or imported name, or where it comes from. */
  readonly exported: ReadonlyMap<string, string | Elsewhere>;
  /** `export * from`. */
  readonly stars: readonly string[];
}

/** Which messages somebody relies on who imports a name: the one that it is, and those that it is made of. */
export class MessageExports {
  readonly #names = new Map<string, Names>();

  constructor(readonly sources: Sources) {}

  /** @param names as exported by the file; `*` stands for all */
  messagesOf(path: string, names: readonly string[]): Set<string> {
    const found = new Set<string>();
    const seen = new Set<string>();
    for (const name of names) this.#collect(path, name, found, seen);
    return found;
  }

  #collect(path: string | undefined, name: string, found: Set<string>, seen: Set<string>): void {
    // Only modules define messages; what else they import leads far.
    const source = path !== undefined && moduleOf(path) ? this.sources.at(path) : undefined;
    if (!source || seen.has(`${path} ${name}`)) return;
    seen.add(`${path} ${name}`);
    const { exported, stars } = this.#namesOf(source);
    const wanted = name === '*' ? [...exported.values()] : [exported.get(name)].filter((each) => each !== undefined);
    for (const each of wanted) {
      if (typeof each === 'string') this.#collectOwn(source, each, found, seen);
      else this.#collect(this.sources.resolve(source.path, each.specifier), each.name, found, seen);
    }
    if (name === '*' || wanted.length === 0)
      for (const star of stars) this.#collect(this.sources.resolve(source.path, star), name, found, seen);
  }

  /** A declaration, and all that it mentions. */
  #collectOwn(source: Source, name: string, found: Set<string>, seen: Set<string>): void {
    if (seen.has(`${source.path} own ${name}`)) return;
    seen.add(`${source.path} own ${name}`);
    const from = source.imports.get(name);
    if (from) this.#collect(this.sources.resolve(source.path, from.specifier), from.name, found, seen);
    const declaration = this.#namesOf(source).own.get(name);
    if (!declaration) return;
    for (const { message, node } of definedIn(source))
      if (message !== undefined && node.pos >= declaration.pos && node.end <= declaration.end) found.add(message);
    for (const mentioned of identifiersIn(declaration)) this.#collectOwn(source, mentioned, found, seen);
  }

  #namesOf(source: Source): Names {
    const known = this.#names.get(source.path) ?? namesOf(source);
    this.#names.set(source.path, known);
    return known;
  }
}

function identifiersIn(node: ts.Node): Set<string> {
  const found = new Set<string>();
  const visit = (each: ts.Node): void => {
    if (ts.isIdentifier(each)) found.add(each.text);
    ts.forEachChild(each, visit);
  };
  visit(node);
  return found;
}

function namesOf({ ast }: Source): Names {
  const own = new Map<string, ts.Node>();
  const exported = new Map<string, string | Elsewhere>();
  const stars: string[] = [];
  for (const statement of ast.statements) {
    for (const [name, node] of declarationsOf(statement)) own.set(name, node);
    for (const [name] of isExported(statement) ? declarationsOf(statement) : [])
      exported.set(nameOf(statement, name), name);
    if (ts.isExportDeclaration(statement)) addExports(statement, exported, stars);
  }
  return { own, exported, stars };
}

const DEFAULT = 'default';

const modifiersOf = (statement: ts.Statement) =>
  ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];

const isExported = (statement: ts.Statement) =>
  ts.isExportAssignment(statement) || modifiersOf(statement).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

const nameOf = (statement: ts.Statement, name: string) =>
  modifiersOf(statement).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ? DEFAULT : name;

function declarationsOf(statement: ts.Statement): [name: string, node: ts.Node][] {
  if (ts.isExportAssignment(statement)) return [[DEFAULT, statement]];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap((each) =>
      [...identifiersIn(each.name)].map((name): [string, ts.Node] => [name, each]),
    );
  const { name } = statement as Partial<ts.DeclarationStatement>;
  if (name) return [[name.getText(), statement]];
  return ts.isClassDeclaration(statement) || ts.isFunctionDeclaration(statement) ? [[DEFAULT, statement]] : [];
}

function addExports(
  { moduleSpecifier, exportClause }: ts.ExportDeclaration,
  exported: Map<string, string | Elsewhere>,
  stars: string[],
): void {
  const specifier = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
  if (!exportClause) return void (specifier !== undefined && stars.push(specifier));
  if (ts.isNamespaceExport(exportClause))
    return void exported.set(exportClause.name.text, { specifier: specifier!, name: '*' });
  for (const { name, propertyName } of exportClause.elements) {
    const original = (propertyName ?? name).text;
    exported.set(name.text, specifier === undefined ? original : { specifier, name: original });
  }
}
