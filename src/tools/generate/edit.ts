import ts from 'typescript';
import { fail } from '../lib/cli.js';

/** A source file that is extended by hand, so to say: what is there stays as it is. */
export class SourceEdit {
  #text: string;

  constructor(
    readonly path: string,
    text: string,
  ) {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  /** Adds names to the import of a file or package, or the import itself. */
  import(from: string, ...names: readonly string[]): this {
    const all = this.#parse().statements.filter(ts.isImportDeclaration);
    const candidates = all.filter((each) => specifierOf(each) === from && each.importClause?.namedBindings);
    const same = candidates.find((each) => !isTypeOnly(each)) ?? candidates[0];
    const bindings = same?.importClause?.namedBindings;
    const named = bindings && ts.isNamedImports(bindings) && !isTypeOnly(same) ? bindings : undefined;
    if (same && isTypeOnly(same) && overlaps(bindings, names)) return this.#widen(same).import(from, ...names);
    const present = named?.elements.map((element) => element.getText()) ?? [];
    const wanted = [...new Set([...present, ...names])].sort((a, b) => a.localeCompare(b));
    if (named) return this.#replace(named.getStart(), named.end, `{ ${wanted.join(', ')} }`);
    return this.#insert(placeOf(all, from), `import { ${wanted.join(', ')} } from '${from}';\n`);
  }

  /** What was imported as a type is imported as a value from now on. */
  #widen(declaration: ts.ImportDeclaration): this {
    return this.#replace(
      declaration.getStart(),
      declaration.end,
      declaration.getText().replace('import type', 'import'),
    );
  }

  /** Adds a name to a list such as `providers: […]` of the module, or makes the list. */
  addToList(property: string, name: string): this {
    const options = find(
      this.#parse(),
      (node): node is ts.ObjectLiteralExpression =>
        ts.isObjectLiteralExpression(node) && callee(node.parent) === 'BoundedContext',
    );
    if (!options) return this.#missing('@BoundedContext({ … })', name);
    const list = options.properties.find((each) => each.name?.getText() === property);
    if (!list) return this.#insert(options.end - 1, `${comma(options.properties)} ${property}: [${name}],\n`);
    const initializer = ts.isPropertyAssignment(list) ? list.initializer : undefined;
    if (!initializer || !ts.isArrayLiteralExpression(initializer)) return this.#missing(`${property}: […]`, name);
    return this.#append(initializer, name);
  }

  /** Adds a name to the list that a constant is. */
  addToConstant(constant: string, name: string): this {
    const list = find(
      this.#parse(),
      (node): node is ts.ArrayLiteralExpression =>
        ts.isArrayLiteralExpression(node) &&
        ts.isVariableDeclaration(node.parent) &&
        node.parent.name.getText() === constant,
    );
    return list ? this.#append(list, name) : this.#missing(`${constant} = […]`, name);
  }

  /** Lets a class have something injected. @returns the name under which it has it */
  inject(decorator: string, type: string, name: string): string {
    const found = this.#classWith(decorator);
    const constructor = found.members.find(ts.isConstructorDeclaration);
    const present = constructor?.parameters.find((parameter) => parameter.type?.getText() === type);
    if (present) return present.name.getText();
    const parameter = `private readonly ${name}: ${type}`;
    if (constructor) {
      const last = constructor.parameters.at(-1);
      const at = last?.end ?? constructor.parameters.pos;
      this.#insert(at, `${last ? ', ' : ''}${parameter}`);
    } else this.#insert(found.members.pos, `constructor(${parameter}) {}\n`);
    return name;
  }

  /** Adds a method to a class, as its last one. */
  addMethod(decorator: string, text: string): this {
    return this.#insert(this.#classWith(decorator).end - 1, `\n${text}\n`);
  }

  /** Adds a statement to a method: before it returns, or at its end. */
  addStatement(decorator: string, method: string, statement: string): this {
    const body = this.#classWith(decorator).members.filter(ts.isMethodDeclaration).find(named(method))?.body;
    if (!body) return this.#missing(`${method}() { … }`, statement);
    const last = body.statements.at(-1);
    return this.#insert(last && ts.isReturnStatement(last) ? last.getStart() : body.end - 1, `${statement}\n`);
  }

  /** Adds text at the end of what `describe` holds. */
  addTest(text: string): this {
    const body = find(
      this.#parse(),
      (node): node is ts.Block =>
        ts.isBlock(node) && ts.isArrowFunction(node.parent) && callee(node.parent.parent) === 'describe',
    );
    return body ? this.#insert(body.end - 1, `\n${text}\n`) : this.#missing('describe(…)', text);
  }

  #classWith(decorator: string): ts.ClassDeclaration {
    const found = find(
      this.#parse(),
      (node): node is ts.ClassDeclaration =>
        ts.isClassDeclaration(node) &&
        (ts.getDecorators(node) ?? []).some((each) => callee(each.expression) === decorator),
    );
    return found ?? this.#missing(`class with @${decorator}`, 'to it');
  }

  #append(list: ts.ArrayLiteralExpression, name: string): this {
    return this.#insert(list.end - 1, `${comma(list.elements)} ${name}`);
  }

  #insert(at: number, text: string): this {
    return this.#replace(at, at, text);
  }

  #replace(from: number, to: number, text: string): this {
    this.#text = this.#text.slice(0, from) + text + this.#text.slice(to);
    return this;
  }

  #parse(): ts.SourceFile {
    return ts.createSourceFile(this.path, this.#text, ts.ScriptTarget.Latest, true);
  }

  #missing(what: string, name: string): never {
    return fail(`${this.path} has no ${what} to add ${name}: nothing was written.`);
  }
}

function find<T extends ts.Node>(root: ts.Node, matches: (node: ts.Node) => node is T): T | undefined {
  if (matches(root)) return root;
  return ts.forEachChild(root, (child) => find(child, matches));
}

const isTypeOnly = ({ importClause }: ts.ImportDeclaration) =>
  importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;

function overlaps(bindings: ts.NamedImportBindings | undefined, names: readonly string[]): boolean {
  return (
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.some(({ name }) => names.includes(name.text))
  );
}

const specifierOf = (declaration: ts.ImportDeclaration) => (declaration.moduleSpecifier as ts.StringLiteral).text;
const callee = (node: ts.Node) => (ts.isCallExpression(node) ? node.expression.getText() : '');
const comma = (list: ts.NodeArray<ts.Node>) => (list.length === 0 || list.hasTrailingComma ? '' : ',');
const named = (name: string) => (method: ts.MethodDeclaration) => method.name.getText() === name;

/** Among the imports of its kind, in the order of the alphabet. */
function placeOf(imports: readonly ts.ImportDeclaration[], from: string): number {
  const before = imports.filter((each) => rank(specifierOf(each)) <= rank(from));
  return before.length > 0 ? before.at(-1)!.end + 1 : 0;
}

/** Packages, then the platform, then other modules, then what lies beside it. */
function rank(specifier: string): string {
  const depth = /^(?:\.\.\/)*/.exec(specifier)![0].length;
  return `${specifier.startsWith('.') ? 1 : 0}${99 - depth} ${specifier}`;
}
