import type { Type } from '@nestjs/common';
import type { MessageClass } from '../messaging/define.js';
import { definitionOf } from '../messaging/define.js';
import { HANDLED } from '../messaging/handler-metadata.js';
import type { CatchUp, Plan } from './due-times.js';
import { planOf, planText } from './due-times.js';
import type { ScheduledOptions } from './scheduled.js';

const NAME = /^[a-z][a-z0-9-]{0,99}$/;

/** A schedule of a module, as its code says it. */
export interface Schedule {
  readonly module: string;
  readonly name: string;
  readonly plan: Plan;
  /** The plan in one line. */
  readonly text: string;
  readonly catchUp: CatchUp;
  /** What a run sends, and its wire name. */
  readonly command: object;
  readonly type: string;
}

/**
 * @param handler the class that says it
 * @throws TypeError that says what is wrong, and what to write
 */
export function scheduleOf(module: string, handler: Type, options: ScheduledOptions): Schedule {
  const { name, catchUp = 'once', payload = {} } = options;
  const problem = (text: string) =>
    new TypeError(`the schedule ${String(name)} of ${handler.name} in ${module}: ${text}`);
  if (typeof name !== 'string' || !NAME.test(name))
    throw problem('name it in small letters, digits and hyphens, such as "sort-at-night"');
  const type: unknown = Reflect.getMetadata(HANDLED.command, handler);
  const definition = definitionOf(type);
  if (definition?.kind !== 'command')
    throw problem('@Scheduled belongs beside @CommandHandler, of a command made with defineCommand');
  if (definition.module !== module)
    throw problem(`${definition.name} belongs to ${definition.module}: send it from a command of ${module}`);
  if (catchUp !== 'once' && catchUp !== 'none')
    throw problem(`catchUp is "${String(catchUp)}": expected "once" or "none"`);
  try {
    const plan = planOf(options);
    const command = new (type as MessageClass)(payload as never);
    return { module, name, plan, text: planText(plan), catchUp, command, type: definition.name };
  } catch (error) {
    const text = (error as Error).message;
    throw problem(text.startsWith(definition.name) ? `its payload does not fit: give it one. ${text}` : text);
  }
}
