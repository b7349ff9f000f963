import type { Edge, Examples } from './exploration.js';
import { explore, NOWHERE } from './exploration.js';
import type { Saga } from '../../platform/sagas/saga.js';

/**
 * Draws a saga as a Mermaid state diagram.
 * @see explore for what it shows, and what it throws
 */
export function diagramOf(saga: Saga<unknown>, examples: Examples): string {
  const edges = explore(saga, examples);
  const ends = new Set(edges.filter((edge) => edge.ends).map(({ to }) => to));
  const lines = [...merged(edges), ...[...ends].map((state) => `${state} --> ${NOWHERE}`)];
  return ['stateDiagram-v2', ...lines.map((line) => `  ${line}`)].join('\n');
}

/** One line for all that leads from one state to another with the same consequences. */
function merged(edges: readonly Edge[]): string[] {
  const lines = new Map<string, Set<string>>();
  for (const { from, to, on, does } of edges) {
    const key = JSON.stringify([from, to, does]);
    lines.set(key, (lines.get(key) ?? new Set()).add(on));
  }
  return [...lines].map(([key, on]) => {
    const [from, to, does] = JSON.parse(key) as string[];
    return `${from} --> ${to}: ${[...on].join(' or ')}${does === '' ? '' : ` / ${does}`}`;
  });
}
