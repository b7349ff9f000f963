import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { contextOptions } from '../../platform/bounded-context.js';
import { subscriptionOf } from '../../platform/delivery/consumer/subscription.js';
import type { MessageClass } from '../../platform/messaging/define.js';
import { definitionOf } from '../../platform/messaging/define.js';
import { replyType } from '../../platform/transaction/message.js';
import type { Messaging } from '../../platform/transport/asyncapi/asyncapi.js';
import { asyncApiOf } from '../../platform/transport/asyncapi/asyncapi.js';
import { heardBy } from '../contracts/recorded/stored.js';
import { sagasOf } from './sagas.js';

/** The AsyncAPI document of all modules, as a process serves it that runs all of them. */
export async function asyncApiText(root: string, types: readonly Type[]): Promise<string> {
  const modules = types.map((type) => contextOptions(type)!);
  const { name: title, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  const receivers: Messaging['receivers'][number][] = [];
  const senders: Messaging['senders'][number][] = [];
  for (const context of modules) {
    const { name: module, contracts } = context;
    for (const provider of (context.providers ?? []).filter((each): each is Type => typeof each === 'function')) {
      const subscription = subscriptionOf(provider);
      if (subscription)
        receivers.push({ module, name: `${module}.${subscription.name}`, types: namesOf(heardBy(provider)) });
    }
    for (const { name, events, commands } of await sagasOf(context)) {
      const replies = namesOf(commands).map(replyType);
      receivers.push({ module, name, types: [...namesOf(events), ...replies] });
      senders.push({ module, commands });
    }
    const own = Object.values(contracts).filter((value) => {
      const definition = definitionOf(value);
      return definition?.kind === 'command' && definition.module === module;
    });
    if (own.length > 0) receivers.push({ module, name: `${module}.commands`, types: namesOf(own) });
  }
  return `${JSON.stringify(asyncApiOf({ info: { title: title!, version: version! }, modules, receivers, senders }), null, 2)}\n`;
}

const namesOf = (messages: readonly unknown[]) =>
  messages.filter((each) => definitionOf(each)).map((each) => (each as MessageClass).definition.name);
