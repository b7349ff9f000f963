import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { fold } from '../sources/constant.js';
import type { Facts } from '../sources/facts.js';
import { pathFrom, ROOT, UNKNOWN } from '../sources/located.js';
import type { Source } from '../sources/source.js';
import { originOf } from '../sources/source.js';
import { exists, isFile } from '../modules/tree.js';
import { moduleOf } from '../violation.js';
import type { Check, Finding, Scene } from '../sources/visitor.js';
import type { TextChecks } from './strings.js';

/** A path by way of `modules/`, whatever it begins with; no web address, whose scheme has a colon. */
const NAMED = /^(?:[^\s:]*?[/\\\0])?modules[/\\]([^/\\\s]+)(?:[/\\]|$)/;
/** A name that may be any. */
const WILD = /[*?{[\0]/;
const RELATIVE = /^\.\.?[/\\]|^\.\.$/;
/** Parts of Node whose functions take paths. */
const OF_FILES = /^(?:node:)?(?:fs|path|worker_threads|child_process)(?:\/|$)/;

/** Texts that are paths out of the module: for reading files, starting workers, finding entities. */
export const paths: TextChecks = (source, scene) => {
  if (!source.module) return platformPaths(source, scene);
  return (text, node) => {
    const found = /\s/.test(text) ? undefined : outside(source, text, scene, text.startsWith(ROOT));
    if (found) scene.report(node, found);
  };
};

/** What is given to a function that opens or joins paths: there a text is a path, whatever it looks like. */
export const openedPaths: Check = (source, scene) => {
  if (!source.module) return undefined;
  const look = (node: ts.CallExpression | ts.NewExpression) => {
    if (!takesPaths(source, node.expression)) return;
    const texts = joined(node) ?? (node.arguments ?? []).map((part) => fold(part));
    const found = texts.map((text) => text && outside(source, text, scene, true)).find((each) => each);
    if (found) scene.report(node, found);
  };
  return { [ts.SyntaxKind.CallExpression]: look, [ts.SyntaxKind.NewExpression]: look };
};

function takesPaths(source: Source, callee: ts.Expression): boolean {
  return OF_FILES.test(originOf(source, callee)?.specifier ?? '') || callee.getText() === 'Worker';
}

/** `join('..', 'other')` as one path. After something unknown only the names of folders tell anything. */
function joined({ expression, arguments: given }: ts.CallExpression | ts.NewExpression): string[] | undefined {
  if (!/(?:^|\.)(?:join|resolve)$/.test(expression.getText()) || !given?.length) return undefined;
  const [first, ...rest] = given.map((part) => fold(part));
  const others = rest.map((part) => part ?? UNKNOWN);
  if (first?.startsWith(ROOT)) return [];
  return [first === undefined ? `${UNKNOWN}/${posix.join('/', ...others).slice(1)}` : posix.join(first, ...others)];
}

/** The platform may not know a module by its place either. */
function platformPaths(source: Source, { facts, report }: Scene) {
  if (!source.path.startsWith('src/platform/') || source.spec) return undefined;
  return (text: string, node: ts.Node) => {
    const module = NAMED.exec(text)?.[1];
    if (module && facts.modules.has(module)) report(node, finding(`modules/${module}/`, module));
  };
}

/** @param certain whether the text is a path for sure: else it may be a link of a page, and has to lead to a file */
function outside(source: Source, text: string, scene: Scene, certain: boolean): Finding | undefined {
  const path = pathOf(source, text, scene.facts);
  if (path === undefined) return undefined;
  const module = moduleOf(`${path}/`);
  if (module === source.module || (!certain && !leadsToFile(scene.root, path))) return undefined;
  if (module) return isForeign(module, source, scene.facts) ? finding(path, module) : undefined;
  return !source.spec && exists(join(scene.root, path)) ? finding(path) : undefined;
}

/** Where it leads, from the root; undefined when it is no path, or one of somewhere else. */
function pathOf(source: Source, text: string, { modules }: Facts): string | undefined {
  const plain = (text.startsWith('file:') && !text.includes(UNKNOWN) ? fileURLToPath(text) : text).replaceAll(
    '\\',
    '/',
  );
  if (plain.startsWith(ROOT)) return byName(pathFrom(source.path, plain), modules) ?? pathFrom(source.path, plain);
  return byName(plain, modules) ?? (RELATIVE.test(plain) ? pathFrom(source.path, plain) : undefined);
}

/** `dist/modules/letters/x` is `modules/letters/x`, where there is such a module, or where the name is unknown. */
function byName(text: string, modules: ReadonlySet<string>): string | undefined {
  const [, name] = NAMED.exec(text) ?? [];
  if (!name || !(modules.has(name) || WILD.test(name))) return undefined;
  return posix.normalize(text.slice(text.indexOf(`modules/${name}`)));
}

function leadsToFile(root: string, path: string): boolean {
  if (path.includes(UNKNOWN)) return /\.(?:[cm]?[jt]sx?|json|sql|csv|ya?ml)$/.test(path);
  const source = path.replace(/\.([cm]?)js$/, '.$1ts');
  return path.includes('*') || isFile(join(root, path)) || isFile(join(root, source));
}

/** A wildcard in the place of a module's name stands for all of them. */
function isForeign(name: string, { module }: Source, { modules }: Facts): boolean {
  return name !== module && (modules.has(name) || WILD.test(name));
}

function finding(target: string, toModule?: string): Finding {
  const shown = target.replaceAll(UNKNOWN, '*');
  const message = `This reaches ${shown} by its place on disk, and breaks when the module runs elsewhere. A module reads files of its own folder only; ask another module by a query of its contracts.`;
  return { rule: 'path-of-another', target: shown, message, ...(toModule && !WILD.test(toModule) && { toModule }) };
}
