import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fieldsOf } from '../contracts/judge.js';
import type { Snapshot } from '../contracts/describe.js';
import { readRecorded } from '../contracts/recorded/files.js';
import { MessageExports } from '../contracts/sources/exports.js';
import { Sources } from '../contracts/sources/sources.js';
import { formatted } from '../generate/changes.js';
import { importsIn } from './references/references.js';
import type { Declared, Manifest } from './modules/manifest.js';
import { Sentence } from './modules/manifest.js';
import { playNeighbour } from './neighbours.js';
import { readText } from './modules/tree.js';
import type { Violation } from './violation.js';
import { CouldNotCheck, isNew, moduleOf } from './violation.js';
import { visit } from './sources/visitor.js';

/** A module that uses another one without saying so. */
export interface NewDependency {
  from: string;
  to: string;
  /** Where it does, as `file:line`. */
  at: string;
}

/** What was found that a manifest may mend: each pair of modules once. */
export function newDependencies(violations: readonly Violation[]): NewDependency[] {
  const found = new Map<string, NewDependency>();
  for (const { file, line, rule, fromModule: from, toModule: to } of violations.filter(isNew))
    if (rule === 'undeclared-dependency' && from && to && !found.has(`${from} ${to}`))
      found.set(`${from} ${to}`, { from, to, at: `${file}:${line}` });
  return [...found.values()];
}

/** @returns what is wrong with a reason; nothing when it will do */
export function wrongWithReason(reason: string): string | undefined {
  return Sentence.safeParse(reason).success
    ? undefined
    : 'The reason has to be a sentence: what can it not do without?';
}

/**
 * Writes what a new dependency needs: its reason in `dependsOn`, the module in the provider's `consumers`, and in
 * `consumes` the fields of each message that it imports. Specs of the module play the provider from then on.
 *
 * @returns the files that changed, and the messages whose fields nobody knows yet, for want of a snapshot
 */
export async function declareDependency(root: string, { from, to }: NewDependency, reason: string) {
  const { consumes, unknown } = fieldsUsed(new MessageExports(new Sources(root)), from, to);
  const consumer = await edit(root, from, (manifest) => ({
    ...manifest,
    dependsOn: { ...manifest.dependsOn, [to]: reason },
    ...(Object.keys(consumes).length > 0 && { consumes: { ...consumes, ...manifest.consumes } }),
  }));
  const provider = await edit(root, to, (manifest) => ({
    ...manifest,
    consumers: [...new Set([...manifest.consumers, from])].sort(),
  }));
  const specs = await playNeighbour(root, from, to);
  return { written: [consumer, provider, ...specs], unknown };
}

/**
 * Adds to the `consumes` of each module what it imports from modules that it has declared, and does not name there, such as a
 * second event. A module without `consumes` needs all of everything, and stays so.
 *
 * @returns the files that changed
 */
export async function nameMessages(root: string, modules: ReadonlyMap<string, Declared>): Promise<string[]> {
  const written: string[] = [];
  const exports = new MessageExports(new Sources(root));
  for (const [module, { manifest }] of modules) {
    if (!manifest.consumes) continue;
    const used = Object.keys(manifest.dependsOn).map((to) => fieldsUsed(exports, module, to).consumes);
    const consumes = { ...Object.assign({}, ...used), ...manifest.consumes } as Record<string, string[]>;
    if (Object.keys(consumes).length === Object.keys(manifest.consumes).length) continue;
    written.push(await edit(root, module, (before) => ({ ...before, consumes })));
  }
  return written;
}

/** The messages of a module that another one imports, with all their fields; and those that no snapshot has yet. */
function fieldsUsed(exports: MessageExports, from: string, to: string) {
  const used = messagesUsed(exports, from, to);
  const { snapshot } = readRecorded(exports.sources.root, to);
  const known = used.filter((name) => name in snapshot);
  return {
    consumes: Object.fromEntries(known.map((name) => [name, needed(snapshot, name)])),
    unknown: used.filter((name) => !(name in snapshot)),
  };
}

/** All that the message has: who uses less takes out what it can do without. */
function needed(snapshot: Snapshot, name: string): string[] {
  const fields = fieldsOf(snapshot[name]!);
  return fields.filter((field) => !fields.some((part) => part.startsWith(`${field}.`)));
}

function messagesUsed(exports: MessageExports, from: string, to: string): string[] {
  const { sources } = exports;
  const found = sources.in(`modules/${from}`).flatMap((source) =>
    importsIn(source, visit(source, [])).flatMap(({ specifier, names }) => {
      const target = sources.resolve(source.path, specifier);
      return target !== undefined && moduleOf(target) === to ? [...exports.messagesOf(target, names)] : [];
    }),
  );
  return [...new Set(found)].filter((name) => name.startsWith(`${to}.`)).sort();
}

/** Keeps whatever else a manifest says. @throws CouldNotCheck when it is not as manifests are */
async function edit(root: string, module: string, change: (manifest: Manifest) => Manifest): Promise<string> {
  const path = `modules/${module}/module.json`;
  const text = JSON.stringify(change(manifestIn(path, readText(root, path))));
  writeFileSync(join(root, path), await formatted(root, path, text));
  return path;
}

function manifestIn(path: string, text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (cause) {
    throw new CouldNotCheck(`${path} is not JSON: mend that first.`, { cause });
  }
}
