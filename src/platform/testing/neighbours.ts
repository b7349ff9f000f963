import type { Type } from '@nestjs/common';
import { BoundedContext, contextOptions } from '../bounded-context.js';
import type { MessageClass } from '../messaging/define.js';
import { definitionOf } from '../messaging/define.js';

/** `import * as contracts from '../billing/contracts/index.js'` */
export type Contracts = Readonly<Record<string, unknown>>;

/** The messages among what a module exports for others. */
export function messagesOf(contracts: Contracts): MessageClass[] {
  return Object.values(contracts).filter(
    (value) => typeof value === 'function' && definitionOf(value),
  ) as unknown as MessageClass[];
}

/** A module with nothing but contracts: it has a schema and an outbox, and its handlers are the test's. */
export function neighbour(of: Contracts | Type): Type {
  const known = typeof of === 'function' ? contextOptions(of)! : undefined;
  const contracts = known?.contracts ?? (of as Contracts);
  const name = known?.name ?? messagesOf(contracts)[0]!.definition.module;
  @BoundedContext({ name, contracts, providers: [] })
  class Neighbour {}
  return Neighbour;
}
