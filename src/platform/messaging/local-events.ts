import type { Type } from '@nestjs/common';
import type { IEventHandler } from '@nestjs/cqrs';

/** The handlers of local domain events: awaited in order, inside the unit of work that published the event. */
export class LocalEvents {
  readonly #handlers = new Map<Type, IEventHandler[]>();

  add(type: Type, handler: IEventHandler): void {
    this.#handlers.set(type, [...(this.#handlers.get(type) ?? []), handler]);
  }

  /**
   * Handles local events, and those that their handlers publish, until none is left.
   * @throws whatever a handler throws: the unit of work is then to be rolled back
   */
  async drain(unit: { nextLocalEvent(): object | undefined }): Promise<void> {
    for (let event = unit.nextLocalEvent(); event; event = unit.nextLocalEvent()) {
      for (const handler of this.#handlers.get(event.constructor as Type) ?? []) await handler.handle(event);
    }
  }
}
