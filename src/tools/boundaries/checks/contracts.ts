import ts from 'typescript';
import { isWrapper } from '../sources/constant.js';
import { pathFrom } from '../sources/located.js';
import { PlainValues } from '../sources/plain-values.js';
import { moduleImported } from '../references/resolve.js';
import type { Source } from '../sources/source.js';
import { moduleOf } from '../violation.js';
import type { Check, Scene } from '../sources/visitor.js';

const ADVICE = `Contracts hold messages (classes that extend defineCommand, defineQuery or defineEvent), schemas, types, enums and deeply readonly constants only: values cross a boundary, references and code do not.`;

/** Contracts describe messages and plain values: no code, no services, no shared state, nothing of others under an own name. */
export const contracts: Check = (source, scene) => {
  const { module, path, spec } = source;
  if (!module || spec || !path.startsWith(`modules/${module}/contracts/`)) return undefined;
  const contract = new Contract(source, scene);
  return { [ts.SyntaxKind.SourceFile]: () => source.ast.statements.forEach((statement) => contract.judge(statement)) };
};

class Contract {
  readonly #values: PlainValues;
  readonly #exported: ReadonlySet<string>;

  constructor(
    private readonly source: Source,
    private readonly scene: Scene,
  ) {
    this.#values = new PlainValues(source);
    this.#exported = exportedNames(source.ast);
  }

  judge(node: ts.Statement): void {
    if (ts.isExportDeclaration(node)) this.#reExports(node);
    else if (ts.isClassDeclaration(node)) this.#class(node);
    else if (ts.isVariableStatement(node)) this.#variables(node);
    else if (ts.isFunctionDeclaration(node)) this.#function(node);
    else if (ts.isExportAssignment(node)) this.#value(node, 'The default export', node.expression);
    else if (ts.isTypeAliasDeclaration(node)) this.#alias(node);
    else if (!isDeclaration(node)) this.#report(node, shown(node), 'This runs when the contracts are loaded');
  }

  /** Decorators, members and statics of a message are code and state of its module. */
  #class(node: ts.ClassDeclaration): void {
    const name = node.name?.text ?? 'a class';
    if (!extendsDefinition(node) || ts.getDecorators(node)?.length)
      return this.#report(node.name ?? node, name, `${name} is a class of its own kind`);
    const member = node.members.find((each) => !ts.isSemicolonClassElement(each) && !isDeclared(each));
    if (member)
      this.#report(member, `${name}.${member.name?.getText() ?? 'constructor'}`, `${name} has members of its own`);
  }

  #function({ name, modifiers, body }: ts.FunctionDeclaration): void {
    const isExported =
      modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) || this.#exported.has(name?.text ?? '');
    if (body && isExported)
      this.#report(name ?? body, name?.text ?? 'default', `${name?.text ?? 'The default export'} is a function`);
  }

  #variables({ declarationList, modifiers }: ts.VariableStatement): void {
    const isConstant = (declarationList.flags & ts.NodeFlags.Const) !== 0;
    if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) return;
    for (const { name, initializer, type } of declarationList.declarations) {
      const label = name.getText();
      if (!isConstant) this.#report(name, label, `${label} can change`);
      else if (initializer && (modifiers?.length || this.#exported.has(label)))
        this.#value(name, label, initializer, type);
      else if (initializer && isState(initializer))
        this.#report(name, label, `${label} is state that the contracts share`);
    }
  }

  #value(node: ts.Node, label: string, value: ts.Expression, type?: ts.TypeNode): void {
    const owner = this.#ownerOf(value);
    if (owner) return this.#handedOn(node, value.getText(), owner);
    const problem = this.#values.problem(value, type);
    if (problem) this.#report(node, label, `${label} ${problem}`);
  }

  #alias({ name, type }: ts.TypeAliasDeclaration): void {
    const owner =
      ts.isTypeReferenceNode(type) && !type.typeArguments ? moduleImported(this.source, type.typeName) : undefined;
    if (owner && this.#isExported(name)) this.#handedOn(name, name.text, owner);
  }

  #isExported({ text, parent }: ts.Identifier): boolean {
    const modifiers = ts.canHaveModifiers(parent) ? (ts.getModifiers(parent) ?? []) : [];
    return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) || this.#exported.has(text);
  }

  /** The other module whose contract a value is, as it is. */
  #ownerOf(value: ts.Expression): string | undefined {
    if (isWrapper(value)) return this.#ownerOf(value.expression);
    const isMember =
      ts.isPropertyAccessExpression(value) && this.source.imports.get(value.expression.getText())?.name === '*';
    return isMember || ts.isIdentifier(value) ? moduleImported(this.source, value) : undefined;
  }

  #reExports({ moduleSpecifier, exportClause }: ts.ExportDeclaration): void {
    const { path, module, imports } = this.source;
    const specifier = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
    const owner = specifier?.startsWith('.') ? moduleOf(pathFrom(path, specifier)) : undefined;
    if (owner && owner !== module) this.#handedOn(moduleSpecifier!, specifier!, owner);
    if (specifier || !exportClause || !ts.isNamedExports(exportClause)) return;
    for (const element of exportClause.elements) {
      const name = element.propertyName ?? element.name;
      const origin = ts.isIdentifier(name) && imports.has(name.text) ? moduleImported(this.source, name) : undefined;
      if (origin) this.#handedOn(element, name.text, origin);
    }
  }

  #handedOn(node: ts.Node, target: string, owner: string): void {
    const message = `This hands on the contracts of ${owner} as if they were of ${this.source.module}: who imports them depends on ${owner} without saying so. Let them import from modules/${owner}/contracts/.`;
    this.scene.report(node, { rule: 'contracts-are-plain', target, toModule: owner, message });
  }

  #report(node: ts.Node, target: string, what: string): void {
    this.scene.report(node, { rule: 'contracts-are-plain', target, message: `${what}. ${ADVICE}` });
  }
}

function extendsDefinition({ heritageClauses }: ts.ClassDeclaration): boolean {
  return /^extends\s+define(?:Command|Query|Event)\b/.test(heritageClauses?.[0]?.getText() ?? '');
}

function isDeclared(member: ts.ClassElement): boolean {
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword);
}

/** Helpers that are not exported may be anything but a place to keep something. */
function isState(initializer: ts.Expression): boolean {
  if (/^Symbol\b/.test(initializer.getText())) return true;
  return ts.isNewExpression(initializer) && !(isBuiltOnce(initializer) && (initializer.arguments?.length ?? 0) > 0);
}

function isBuiltOnce({ expression }: ts.NewExpression): boolean {
  return /^(?:RegExp|Set|Map)$/.test(expression.getText());
}

/** What leaves nothing to run. A namespace is judged by what is in it: only types leave nothing. */
function isDeclaration(node: ts.Statement): boolean {
  if (ts.isModuleDeclaration(node)) return !/\b(?:const|let|var|function|class)\b/.test(node.body?.getText() ?? '');
  return (
    ts.isImportDeclaration(node) ||
    ts.isImportEqualsDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isEmptyStatement(node) ||
    (ts.isExpressionStatement(node) && ts.isStringLiteral(node.expression))
  );
}

function shown(node: ts.Node): string {
  return node.getText().split('\n')[0]!.slice(0, 60);
}

/** Names in `export { … }` without a source. */
function exportedNames(ast: ts.SourceFile): ReadonlySet<string> {
  const lists = ast.statements.filter(ts.isExportDeclaration).filter(({ moduleSpecifier }) => !moduleSpecifier);
  return new Set(
    lists.flatMap(({ exportClause }) =>
      exportClause && ts.isNamedExports(exportClause)
        ? exportClause.elements.map((each) => (each.propertyName ?? each.name).text)
        : [],
    ),
  );
}
