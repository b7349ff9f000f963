import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../boundaries/modules/manifest.js';
import { importsIn } from '../../boundaries/references/references.js';
import { moduleOf } from '../../boundaries/violation.js';
import { visit } from '../../boundaries/sources/visitor.js';
import type { ContextContracts } from '../describe.js';
import { MessageExports } from './exports.js';
import type { Finding } from '../finding.js';
import type { Sources } from './sources.js';

/** A module that uses a message of another one. */
export interface Consumer {
  readonly module: string;
  readonly message: string;
  /** The fields that it declares to need in its `module.json`; absent: it needs all of them. */
  readonly fields?: readonly string[];
}

/** What the modules use of each other's messages, and what is wrong with how they declare it. */
interface Consumption {
  readonly consumers: readonly Consumer[];
  readonly problems: readonly Finding[];
}

/**
 * Finds out who uses which message: by the imports of the sources, and the `consumes` of the manifests.
 *
 * @param gone messages that are no longer published: whoever still imports or declares them uses them too
 */
export function readConsumption(
  sources: Sources,
  contexts: readonly ContextContracts[],
  gone: readonly string[],
): Consumption {
  const exports = new MessageExports(sources);
  const each = contexts.map(({ name }) => consumptionOf(name, sources, exports, gone));
  return { consumers: each.flatMap(({ consumers }) => consumers), problems: each.flatMap(({ problems }) => problems) };
}

/** What the class of a message is called by custom: `LetterSent` of `letters.letter-sent.v1`. */
const classNameOf = (message: string) =>
  message.split('.')[1]!.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());

function consumptionOf(
  module: string,
  sources: Sources,
  exports: MessageExports,
  gone: readonly string[],
): Consumption {
  const { consumes: declared = {}, elsewhere } = manifestOf(sources.root, module);
  const used = usedBy(module, sources, exports, gone);
  // The code that uses them is in another repository.
  if (elsewhere) for (const message of Object.keys(declared)) used.add(message);
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

function manifestOf(root: string, module: string): Partial<Pick<Manifest, 'consumes' | 'elsewhere'>> {
  const path = join(root, 'modules', module, 'module.json');
  if (!existsSync(path)) return {};
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

function usedBy(module: string, sources: Sources, exports: MessageExports, gone: readonly string[]): Set<string> {
  const used = sources.in(`modules/${module}`).flatMap((source) =>
    importsIn(source, visit(source, [])).flatMap(({ specifier, names }) => {
      const target = sources.resolve(source.path, specifier);
      const owner = target === undefined ? undefined : moduleOf(target);
      if (target === undefined || owner === undefined || owner === module) return [];
      return [...exports.messagesOf(target, names), ...lostBy(owner, names, gone)];
    }),
  );
  // Another module may hand on what is one's own.
  return new Set(used.filter((message) => message.split('.')[0] !== module));
}

/** The class of a message that is gone has only its name left. */
const lostBy = (owner: string, names: readonly string[], gone: readonly string[]) =>
  gone.filter(
    (message) => message.startsWith(`${owner}.`) && [classNameOf(message), '*'].some((name) => names.includes(name)),
  );
