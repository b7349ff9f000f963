import type { IEventHandler } from '@nestjs/cqrs';
import { EventBus, EventsHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { BoundedContext, defineEvent, Subscription } from '../../../src/platform/index.js';

const payload = z.object({ id: z.string(), note: z.string() });
export class Called extends defineEvent('caller.called.v1', { key: 'id', payload }) {}
export class Echoed extends defineEvent('echo.echoed.v1', { key: 'id', payload }) {}

/** Who waits for an echo. */
export const waiting = new Map<string, () => void>();

@EventsHandler(Called)
@Subscription({ name: 'calls' })
class WhenCalled implements IEventHandler<Called> {
  constructor(private readonly events: EventBus) {}

  async handle({ id, note }: Called): Promise<void> {
    this.events.publish(new Echoed({ id, note }));
  }
}

@EventsHandler(Echoed)
@Subscription({ name: 'echoes' })
class WhenEchoed implements IEventHandler<Echoed> {
  async handle({ id }: Echoed): Promise<void> {
    waiting.get(id)?.();
  }
}

@BoundedContext({ name: 'caller', contracts: { Called }, providers: [WhenEchoed], migrations: [] })
export class Caller {}

@BoundedContext({ name: 'echo', contracts: { Echoed }, providers: [WhenCalled], migrations: [] })
export class Echo {}
