import ts from 'typescript';
import { beginsWith, platformPrefix } from '../../../../platform/http/route-prefixes.js';
import { fold } from '../../sources/constant.js';
import type { Facts } from '../../sources/facts.js';
import type { Check, Finding } from '../../sources/visitor.js';

const METHOD = /(?:^|\.)(?:Get|Post|Put|Patch|Delete|Head|Options|All|Sse|Search)$/;

/** Notes the controllers of each module: none may answer below the paths of another, or of the platform. */
export const routes: Check = ({ module, spec }, { facts, report, reportLater }) => {
  if (!module || spec) return undefined;
  return {
    [ts.SyntaxKind.ClassDeclaration]: (node: ts.ClassDeclaration) => {
      for (const controller of decoratorsOf(node).filter((each) => isCalled(each, /(?:^|\.)Controller$/))) {
        const paths = pathsOf(controller);
        const full = [...paths, ...paths.flatMap((path) => handlerPaths(node).map((more) => `${path}/${more}`))].map(
          plain,
        );
        for (const path of paths.some((each) => plain(each) === '') ? full : paths.map(plain))
          if (path !== '') facts.note(module, 'route', path);
        for (const path of new Set(full)) judge(controller, path);
      }
    },
  };

  function judge(node: ts.Node, path: string): void {
    const prefix = platformPrefix(path);
    if (prefix) report(node, ofPlatform(path, prefix));
    else reportLater(node, () => ofAnother(module!, path, facts));
  }
};

function ofPlatform(path: string, prefix: string): Finding {
  const message = `/${path} lies below /${prefix}, which belongs to the platform. Choose a path of this module's own.`;
  return { rule: 'route-of-another', target: `/${path}`, message };
}

function ofAnother(module: string, path: string, facts: Facts): Finding | undefined {
  const [owner, prefix] = [...facts.ofOthers(module, 'route')].find(([, each]) => beginsWith(path, each)) ?? [];
  if (!owner) return undefined;
  const message = `/${path} lies below /${prefix}, a path of ${owner}: once they run apart, only one of them is asked. Choose a path of this module's own.`;
  return { rule: 'route-of-another', target: `/${path}`, toModule: owner, message };
}

function decoratorsOf(node: ts.Node): ts.CallExpression[] {
  const decorators = ts.canHaveDecorators(node) ? (ts.getDecorators(node) ?? []) : [];
  return decorators.map(({ expression }) => expression).filter(ts.isCallExpression);
}

function isCalled({ expression }: ts.CallExpression, name: RegExp): boolean {
  return name.test(expression.getText());
}

function handlerPaths({ members }: ts.ClassDeclaration): string[] {
  return members.flatMap((member) =>
    decoratorsOf(member)
      .filter((each) => isCalled(each, METHOD))
      .flatMap(pathsOf),
  );
}

/** The paths a decorator is given: none, one, a list, or one among options. What is computed is seen in the container. */
function pathsOf({ arguments: [first] }: ts.CallExpression): string[] {
  if (!first) return [''];
  if (ts.isArrayLiteralExpression(first)) return first.elements.map((each) => fold(each) ?? '');
  if (!ts.isObjectLiteralExpression(first)) return [fold(first) ?? ''];
  const path = first.properties.find(({ name }) => name?.getText() === 'path');
  const value = path && ts.isPropertyAssignment(path) ? path.initializer : undefined;
  if (value && ts.isArrayLiteralExpression(value)) return value.elements.map((each) => fold(each) ?? '');
  return [(value && fold(value)) ?? ''];
}

function plain(path: string): string {
  return path.split('/').filter(Boolean).join('/');
}
