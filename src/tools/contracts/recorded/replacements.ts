import { z } from 'zod';
import type { CurrentMessage, Snapshot } from '../describe.js';
import { snapshotPath } from './files.js';
import type { Finding } from '../finding.js';

/**
 * What replaces personal data has to fit the released contract as well, and not only the definition of now: two versions
 * run at once, and the former one reads what was erased. Pure.
 *
 * @param released the contracts that were released, by module
 * @param messages everything that is defined now
 */
export function unfitReplacements(
  released: ReadonlyMap<string, Snapshot>,
  messages: ReadonlyMap<string, CurrentMessage>,
): Finding[] {
  return [...released].flatMap(([module, snapshot]) =>
    Object.entries(snapshot).flatMap(([message, { payload }]) => {
      const { properties = {} } = payload;
      const replacements = Object.entries(messages.get(message)?.contract.personal?.replacements ?? {});
      const unfit = replacements.filter(
        ([field, value]) => field in properties && !fits(properties[field]!, payload, value),
      );
      return unfit.map(([field]) => ({ ...PROBLEM, file: snapshotPath(module), message, field }));
    }),
  );
}

const PROBLEM = {
  level: 'wrong',
  what: 'its replacement does not fit the contract that was released',
  breaks: [],
  todo: 'Choose one that fits both: while two versions run, the former one reads what was erased.',
} as const;

function fits(field: object, { $defs }: { readonly $defs?: object }, value: unknown): boolean {
  const schema = z.fromJSONSchema({ ...field, ...($defs && { $defs }) } as Parameters<typeof z.fromJSONSchema>[0]);
  return schema.safeParse(value).success;
}
