import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { definitionOf } from '../../platform/messaging/define.js';
import type { ContextContracts } from './describe.js';
import type { Finding } from './finding.js';

/** A module that uses a message of another one. */
export interface Consumer {
  readonly module: string;
  readonly message: string;
  /** The fields that it declares to need in its `module.json`; absent: it needs all of them. */
  readonly fields?: readonly string[];
}

/** What the modules use of each other's messages, and what is wrong with how they declare it. */
export interface Consumption {
  readonly consumers: readonly Consumer[];
  readonly problems: readonly Finding[];
}

/**
 * Finds out who uses which message: by the imports of the sources, and the `consumes` of the manifests.
 *
 * @param root the project's folder
 * @param gone messages that are no longer published: whoever still imports or declares them uses them too
 */
export function readConsumption(
  root: string,
  contexts: readonly ContextContracts[],
  gone: readonly string[],
): Consumption {
  const providers = contexts.map((context) => ({ name: context.name, messages: importable(context, gone) }));
  const each = contexts.map(({ name }) => consumptionOf(root, name, providers, gone));
  return { consumers: each.flatMap(({ consumers }) => consumers), problems: each.flatMap(({ problems }) => problems) };
}

/** A module and its messages, each with the name that it is imported by. */
interface Provider {
  readonly name: string;
  readonly messages: readonly (readonly [importedAs: string, message: string])[];
}

function importable({ name, contracts }: ContextContracts, gone: readonly string[]): Provider['messages'] {
  const published = Object.entries(contracts).map(
    ([key, value]) => [key, typeof value === 'function' && definitionOf(value)?.name] as const,
  );
  const lost = gone
    .filter((message) => message.startsWith(`${name}.`))
    .map((message) => [classNameOf(message), message] as const);
  return [...published.filter((entry): entry is [string, string] => Boolean(entry[1])), ...lost];
}

/** What the class of a message is called by custom: `LetterSent` of `letters.letter-sent.v1`. */
const classNameOf = (message: string) =>
  message.split('.')[1]!.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());

function consumptionOf(
  root: string,
  module: string,
  providers: readonly Provider[],
  gone: readonly string[],
): Consumption {
  const declared = declaredBy(root, module);
  const used = usedBy(root, module, providers);
  for (const message of Object.keys(declared)) if (gone.includes(message)) used.add(message);
  const unused = Object.keys(declared).filter((message) => !used.has(message));
  return {
    consumers: [...used].map((message) => ({
      module,
      message,
      ...(declared[message] && { fields: declared[message] }),
    })),
    problems: unused.map((message) => ({
      level: 'wrong',
      file: `modules/${module}/module.json`,
      message,
      what: `is declared under "consumes", but ${module} does not import it`,
      breaks: [],
      todo: 'Remove the entry.',
    })),
  };
}

function declaredBy(root: string, module: string): Record<string, readonly string[]> {
  const path = join(root, 'modules', module, 'module.json');
  if (!existsSync(path)) return {};
  return (JSON.parse(readFileSync(path, 'utf8')) as { consumes?: Record<string, readonly string[]> }).consumes ?? {};
}

function usedBy(root: string, module: string, providers: readonly Provider[]): Set<string> {
  const folder = `modules/${module}`;
  const others = providers.filter(({ name }) => name !== module);
  return new Set(
    sourcesIn(join(root, folder)).flatMap((path) =>
      importsOf(readFileSync(join(root, folder, path), 'utf8')).flatMap(({ from, names }) => {
        const target = posix.join(folder, posix.dirname(path), from);
        const messages = others.find(({ name }) => target.startsWith(`modules/${name}/contracts/`))?.messages ?? [];
        return messages.filter(([importedAs]) => !names || names.includes(importedAs)).map(([, message]) => message);
      }),
    ),
  );
}

/** Specs play the other side; they need nothing. */
function sourcesIn(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'));
  return paths.filter((path) => /\.[cm]?tsx?$/.test(path) && !/\.spec\.[cm]?tsx?$/.test(path));
}

/** Named imports and re-exports; `undefined` names: all of them. */
const FROM = /\b(?:import|export)\b([^;'"]*?)\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]/g;

function importsOf(source: string): { from: string; names: string[] | undefined }[] {
  return [...source.matchAll(FROM)].map(([, clause = '*', from, dynamic]) => {
    const named = /\{([^}]*)\}/.exec(clause)?.[1];
    const names = named?.split(',').map(
      (name) =>
        name
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s/)[0]!,
    );
    return { from: from ?? dynamic!, names: clause.includes('*') ? undefined : names };
  });
}
