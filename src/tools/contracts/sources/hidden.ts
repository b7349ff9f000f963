import { definitionOf } from '../../../platform/messaging/define.js';
import { definedIn } from './defined.js';
import type { ContextContracts } from '../describe.js';
import type { Finding } from '../finding.js';
import type { Sources } from './sources.js';

/** Messages below `contracts/` that are not checked, because the module does not publish them under their name. */
export function hiddenMessages({ name, contracts }: ContextContracts, sources: Sources): Finding[] {
  const published = new Set(Object.values(contracts).map((value) => definitionOf(value)?.name));
  const seen = new Set<string>();
  return sources.in(`modules/${name}/contracts`).flatMap((source) =>
    definedIn(source).flatMap(({ message, line }) => {
      const again = message !== undefined && seen.has(message);
      if (message !== undefined) seen.add(message);
      const problem = problemOf(name, message, published, again);
      if (!problem) return [];
      const file = source.path;
      return [
        { level: 'wrong' as const, file, ...(message !== undefined && { message }), breaks: [], ...problem(line) },
      ];
    }),
  );
}

type Problem = (line: number) => Pick<Finding, 'what' | 'todo'>;

function problemOf(
  module: string,
  message: string | undefined,
  published: ReadonlySet<string | undefined>,
  again: boolean,
): Problem | undefined {
  if (message === undefined) return UNREADABLE;
  if (again) return TWICE;
  if (message.split('.')[0] !== module) return strange(module);
  return published.has(message) ? undefined : HIDDEN;
}

const UNREADABLE: Problem = (line) => ({
  what: `line ${line} defines a message whose name cannot be read there`,
  todo: "Write it as: export class ThingHappened extends defineEvent('module.thing-happened.v1', { … }) {}",
});

const TWICE: Problem = (line) => ({
  what: `is defined a second time in line ${line}`,
  todo: 'Give each class a name of its own, or remove one.',
});

const strange =
  (module: string): Problem =>
  (line) => ({
    what: `is defined in line ${line} in the contracts of ${module}, but belongs to another module by its name`,
    todo: `Call it ${module}.…, or move it to its module.`,
  });

const HIDDEN: Problem = (line) => ({
  what: `is defined below contracts/ in line ${line}, but contracts/index.ts does not export it`,
  todo: 'Export it there: who imports it relies on it. Or move it beside its handler, where nobody else may import it.',
});
