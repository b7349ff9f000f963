import ts from 'typescript';
import { isDeclared, isUse } from '../sources/source.js';
import type { Check, Finding } from '../sources/visitor.js';

const ADVICE = 'Declare what the module needs with defineConfig, and inject it.';
/** What of `process` only tells, or concerns the caller alone: the rest is shared by all modules, or leads to what is. */
const HARMLESS =
  /^(?:nextTick|hrtime|uptime|cpuUsage|resourceUsage|memoryUsage|availableMemory|constrainedMemory|cwd|execPath|pid|platform|arch|version|versions|release|features|emitWarning|stdout|stderr)$/;
const SECRETS = new Set(['DATABASE_URL', 'DATABASE_ADMIN_URL', 'SEAM_SECRET', 'SEAM_SECRET_OTHER', 'SEAM_PORT']);

/** Modules get their configuration injected: none reads the environment, and none another's variables. */
export const environment: Check = (source, { facts, report }) => {
  const { module } = source;
  if (!module) return undefined;
  const variables = variablesOf(facts.modules);
  return {
    [ts.SyntaxKind.Identifier]: (node: ts.Identifier) => {
      if (node.text === 'process') judge(node);
      else if (isVariable(node.text) && isKey(node)) judgeVariable(node);
    },
    [ts.SyntaxKind.StringLiteral]: (node: ts.StringLiteral) => void (isVariable(node.text) && judgeVariable(node)),
    [ts.SyntaxKind.ImportDeclaration]: (node: ts.ImportDeclaration) => {
      if (/^(?:node:)?process$/.test((node.moduleSpecifier as ts.StringLiteral).text)) report(node, found('process'));
    },
    [ts.SyntaxKind.MetaProperty]: (node: ts.MetaProperty) => {
      const { parent } = node;
      if (ts.isPropertyAccessExpression(parent) && parent.name.text === 'env') report(node, found('import.meta.env'));
    },
  };

  function judge(node: ts.Identifier): void {
    if (!isUse(node) && !isOfGlobal(node)) return;
    if (source.imports.has('process') || isDeclared(source, 'process')) return;
    const member = memberOf(node);
    if (member === undefined || !HARMLESS.test(member)) report(node, found(member ? `process.${member}` : 'process'));
  }

  function judgeVariable(node: ts.Identifier | ts.StringLiteral): void {
    const owner = variables.get(node.text);
    if (owner === module || (!owner && !SECRETS.has(node.text))) return;
    const message = `${node.text} is configuration of ${owner ?? 'the platform'}. A module knows its own variables only, and reaches others by their contracts.`;
    report(node, { rule: 'environment', target: node.text, message, ...(owner && { toModule: owner }) });
  }
};

function found(target: string): Finding {
  const message = `This module uses ${target}, which every module shares. ${ADVICE}`;
  return { rule: 'environment', target, message };
}

function isVariable(name: string): boolean {
  return name.endsWith('_URL') || SECRETS.has(name);
}

const known = new WeakMap<ReadonlySet<string>, ReadonlyMap<string, string>>();

/** Whose each variable is. The same for every file of a tree. */
function variablesOf(modules: ReadonlySet<string>): ReadonlyMap<string, string> {
  const variables =
    known.get(modules) ?? new Map([...modules].flatMap((name) => namesOf(name).map((each) => [each, name])));
  known.set(modules, variables);
  return variables;
}

function namesOf(module: string): string[] {
  const upper = module.replaceAll('-', '_').toUpperCase();
  return [`${upper}_URL`, `${upper}_DATABASE_URL`];
}

function isKey({ parent }: ts.Identifier): boolean {
  return ts.isPropertyAssignment(parent) || ts.isPropertyAccessExpression(parent) || ts.isBindingElement(parent);
}

function isOfGlobal({ parent }: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(parent) && /^(?:globalThis|global)$/.test(parent.expression.getText());
}

function memberOf({ parent }: ts.Identifier): string | undefined {
  const access = ts.isPropertyAccessExpression(parent) && parent.name.text === 'process' ? parent.parent : parent;
  if (ts.isPropertyAccessExpression(access)) return access.name.text;
  if (ts.isElementAccessExpression(access)) {
    return ts.isStringLiteralLike(access.argumentExpression) ? access.argumentExpression.text : undefined;
  }
  return undefined;
}
