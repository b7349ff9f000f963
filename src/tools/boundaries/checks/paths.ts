import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { fold, initializerOf, UNKNOWN } from '../constant.js';
import type { Facts } from '../facts.js';
import { pathFrom } from '../resolve.js';
import type { Source } from '../source.js';
import { exists } from '../tree.js';
import { moduleOf } from '../violation.js';
import type { Check, Finding, Scene } from '../visitor.js';
import type { TextChecks } from './strings.js';

const FOLDERS = /(?:^|[/\\])modules[/\\]([^/\\\s]+)(?:[/\\]|$)/;

/** Texts that are paths out of the module: for reading files, starting workers, finding entities. */
export const paths: TextChecks = (source, scene) => {
  const { module } = source;
  if (!module) return platformPaths(source, scene);
  return (text, node) => {
    if (/\s/.test(text) || isJoined(node)) return;
    const found = outside(source, text, scene, ts.isNewExpression(node.parent));
    if (found) scene.report(node, found);
  };
};

/** `join(here, '..', 'other', 'file')` and its relatives, where no single text shows the way. */
export const joinedPaths: Check = (source, scene) => {
  if (!source.module) return undefined;
  return {
    [ts.SyntaxKind.CallExpression]: (node: ts.CallExpression) => {
      if (!isJoin(node) || isJoined(node)) return;
      const text = joined(node);
      const found = text && outside(source, text, scene, true);
      if (found) scene.report(node, found);
    },
  };
};

/** The platform may not know a module by its place either. */
function platformPaths(source: Source, { facts, report }: Scene) {
  if (!source.path.startsWith('src/platform/') || source.spec) return undefined;
  return (text: string, node: ts.Node) => {
    const module = /\s/.test(text) ? undefined : FOLDERS.exec(text)?.[1];
    if (module && facts.modules.has(module)) report(node, finding(`modules/${module}/`, module));
  };
}

/** @param certain whether the text is a path for sure: `..` alone may be anything else */
function outside(source: Source, text: string, { root, facts }: Scene, certain: boolean): Finding | undefined {
  const inFolders = FOLDERS.exec(text)?.[1];
  if (inFolders && isForeign(inFolders, source, facts)) return finding(`modules/${inFolders}/`, inFolders);
  const plain = text.startsWith('file:') ? fileURLToPath(text) : text;
  if (!/^\.\.?[/\\]|^\.\.$/.test(plain)) return undefined;
  const path = pathFrom(source.path, plain.replaceAll('\\', '/').replaceAll(UNKNOWN, '*'));
  const module = moduleOf(`${path}/`);
  if (module === source.module) return undefined;
  if (module) return isForeign(module, source, facts) ? finding(path, module) : undefined;
  return !source.spec && (certain || plain !== '..') && exists(join(root, path)) ? finding(path) : undefined;
}

/** A wildcard in the place of a module's name stands for all of them. */
function isForeign(name: string, { module }: Source, { modules }: Facts): boolean {
  return name !== module && (modules.has(name) || /[*?{[\0]/.test(name));
}

function finding(target: string, toModule?: string): Finding {
  const message = `This reaches ${target} by its place on disk, and breaks when the module runs elsewhere. A module reads files of its own folder only; ask another module by a query of its contracts.`;
  return { rule: 'path-of-another', target, message, ...(toModule && !/[*?{[\0]/.test(toModule) && { toModule }) };
}

function isJoin({ expression, arguments: given }: ts.CallExpression): boolean {
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
  return given.length > 1 && (name === 'join' || name === 'resolve');
}

/** Whether a text is one argument of a join, which is judged as a whole. */
function isJoined({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) && isJoin(parent);
}

/** The path, from the folder of the file; undefined when it starts anywhere else. */
function joined({ arguments: given }: ts.CallExpression): string | undefined {
  const [first, ...rest] = given.map((part) => (ts.isCallExpression(part) && isJoin(part) ? joined(part) : fold(part)));
  if (first === undefined && !isHere(given[0]!)) return undefined;
  const text = posix.join(first ?? '.', ...rest.map((part) => part ?? UNKNOWN));
  return first !== undefined || text.startsWith('.') ? text : `./${text}`;
}

/** `import.meta.dirname` and its relatives; the working directory counts, because paths name `modules/` from there. */
function isHere(node: ts.Expression, depth = 0): boolean {
  if (/\bimport\.meta\b|\b__(?:dir|file)name\b|\bprocess\.cwd\b/.test(node.getText())) return true;
  const value = ts.isIdentifier(node) && depth < 4 ? initializerOf(node) : undefined;
  return value !== undefined && isHere(value, depth + 1);
}
