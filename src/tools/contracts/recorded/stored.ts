import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { definitionOf } from '../../../platform/messaging/define.js';
import { HANDLED } from '../../../platform/messaging/handler-metadata.js';
import { sagasOf } from '../../map/sagas.js';
import type { ContextContracts, CurrentMessage } from '../describe.js';
import { describeAll, publishedBy } from '../describe.js';

/**
 * The messages of a module that stay in outboxes for a while: those that it publishes, and those that it says to itself,
 * as events that it handles and commands of which its sagas await the answer.
 */
export async function storedMessagesOf(context: ContextContracts): Promise<Map<string, CurrentMessage>> {
  const handled = (context.providers ?? []).filter((provider) => typeof provider === 'function').flatMap(heardBy);
  const ofSagas = (await sagasOf(context)).flatMap(({ events, commands }) => [...events, ...commands]);
  const own = [...handled, ...ofSagas].filter((message) => definitionOf(message)?.module === context.name);
  return describeAll([...publishedBy(context), ...own]);
}

/** The events that a class handles. */
export function heardBy(provider: Type): readonly unknown[] {
  return (Reflect.getMetadata(HANDLED.events, provider) as unknown[] | undefined) ?? [];
}
