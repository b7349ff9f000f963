import ts from 'typescript';
import { isContracts } from '../edges.js';
import { moduleImported, pathFrom } from '../resolve.js';
import { moduleOf } from '../violation.js';
import type { Check } from '../visitor.js';

const ADVICE =
  'Export the type from a file of this module and import it there; what others need belongs in contracts/.';

/** Declarations that other modules see without an import, or that change those of others. */
export const ambient: Check = (source, { report }) => {
  const { module, path, ast } = source;
  if (!module) return undefined;
  const leak = (node: ts.Node, target: string, what: string) =>
    report(node, { rule: 'ambient-declaration', target, message: `${what} ${ADVICE}` });

  const [first] = ast.statements;
  if (first && /\.d\.[cm]?ts$/.test(path) && !ts.isExternalModule(ast)) {
    leak(first, path, 'Everything in a declaration file without imports or exports is visible to every module.');
  }
  return {
    [ts.SyntaxKind.ModuleDeclaration]: ({ name }: ts.ModuleDeclaration) => {
      if (name.text === 'global' && !ts.isStringLiteral(name))
        leak(name, 'global', '"declare global" is visible to every module.');
      else if (ts.isStringLiteral(name) && !isJudged(name.text))
        leak(name, name.text, `"declare module '${name.text}'" changes what every module sees of it.`);
    },
    [ts.SyntaxKind.NamespaceExportDeclaration]: (node: ts.NamespaceExportDeclaration) =>
      leak(node, node.name.text, '"export as namespace" is visible to every module.'),
  };

  /** A path that leads into this module, or into another one past its contracts, is judged as an import. */
  function isJudged(specifier: string): boolean {
    if (!/^\.\.?\//.test(specifier)) return false;
    const target = pathFrom(path, specifier);
    return moduleOf(target) === module || (moduleOf(target) !== undefined && !isContracts(target));
  }
};

/** Contracts describe messages and plain values: no services, no shared state, nothing of others under an own name. */
export const contracts: Check = (source, { report }) => {
  const { module, path, spec, imports } = source;
  if (!module || spec || !path.startsWith(`modules/${module}/contracts/`)) return undefined;
  return {
    [ts.SyntaxKind.ExportDeclaration]: (node: ts.ExportDeclaration) => reExports(node),
    [ts.SyntaxKind.ClassDeclaration]: (node: ts.ClassDeclaration) => {
      const name = node.name?.text ?? 'a class';
      if (extendsDefinition(node) && !ts.getDecorators(node)?.length) return;
      notPlain(node.name ?? node, name, `${name} is a class of its own kind`);
    },
    [ts.SyntaxKind.VariableStatement]: ({ declarationList, parent }: ts.VariableStatement) => {
      if (!ts.isSourceFile(parent)) return;
      const isConstant = (declarationList.flags & ts.NodeFlags.Const) !== 0;
      for (const { name, initializer } of declarationList.declarations) {
        if (!isConstant) notPlain(name, name.getText(), `${name.getText()} can change`);
        else if (initializer && isState(initializer))
          notPlain(name, name.getText(), `${name.getText()} is an object that all who import it share`);
      }
    },
  };

  function reExports({ moduleSpecifier, exportClause }: ts.ExportDeclaration): void {
    const specifier = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
    const owner = specifier?.startsWith('.') ? moduleOf(pathFrom(path, specifier)) : undefined;
    if (owner && owner !== module) reExported(moduleSpecifier!, specifier!, owner);
    if (specifier || !exportClause || !ts.isNamedExports(exportClause)) return;
    for (const element of exportClause.elements) {
      const name = element.propertyName ?? element.name;
      const origin = ts.isIdentifier(name) && imports.has(name.text) ? moduleImported(source, name) : undefined;
      if (origin) reExported(element, name.text, origin);
    }
  }

  function reExported(node: ts.Node, target: string, owner: string): void {
    const message = `This hands on the contracts of ${owner} as if they were of ${module}: who imports them depends on ${owner} without saying so. Let them import from modules/${owner}/contracts/.`;
    report(node, { rule: 'contracts-are-plain', target, toModule: owner, message });
  }

  function notPlain(node: ts.Node, target: string, what: string): void {
    const message = `${what}. Contracts hold messages (classes that extend defineCommand, defineQuery or defineEvent), schemas, types and constants only: values cross a boundary, references do not.`;
    report(node, { rule: 'contracts-are-plain', target, message });
  }
};

function extendsDefinition({ heritageClauses }: ts.ClassDeclaration): boolean {
  return /^extends\s+define(?:Command|Query|Event)\b/.test(heritageClauses?.[0]?.getText() ?? '');
}

function isState(initializer: ts.Expression): boolean {
  return ts.isNewExpression(initializer) || /^Symbol\b/.test(initializer.getText());
}
