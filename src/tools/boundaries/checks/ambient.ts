import ts from 'typescript';
import { isContracts } from '../references/edges.js';
import { pathFrom } from '../sources/located.js';
import { moduleOf } from '../violation.js';
import type { Check } from '../sources/visitor.js';

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
