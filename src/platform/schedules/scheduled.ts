import 'reflect-metadata';
import type { Duration } from '../messaging/duration.js';
import type { CatchUp } from './due-times.js';

const SCHEDULED = 'liftout:scheduled';

interface Common {
  /** Stable name of the schedule within its module; when it is due is kept under it. */
  name: string;
  /** What is made up for after it was missed: `once` (default) by one run, whatever number was missed; `none` by nothing. */
  catchUp?: CatchUp;
  /** The payload of the command. Default: `{}`. */
  payload?: object;
}

/** When the command is run. */
export type ScheduledOptions =
  | (Common & {
      /** Minute, hour, day of the month, month, day of the week: `30 2 * * *`; or `@hourly`, `@daily`, `@weekly`, … */
      cron: string;
      /** A name of the IANA list, such as `Europe/Berlin`. Default: UTC. */
      timezone?: string;
      every?: never;
    })
  | (Common & {
      /** Elapsed time from one run to the next; the first is that long after the schedule was first seen. */
      every: Duration;
      cron?: never;
      timezone?: never;
    });

/**
 * Runs the command of a handler again and again; beside `@CommandHandler`, as often as there are schedules.
 *
 * Each run is a durable command in the module's own outbox: it is retried, parked, given up, counted and traced as any
 * other. What is wrong with a schedule is refused at start.
 *
 * - Once, however many replicas there are, and whatever is killed. Times are those of the database server.
 * - A local time that does not exist that day runs at the first moment after the gap; one that exists twice, at the first.
 * - Never beside itself: what is due before the last run has ended, or was given up, counts as missed.
 *
 * @example
 * @CommandHandler(SortLetters)
 * @Scheduled({ name: 'sort-at-night', cron: '30 2 * * *', timezone: 'Europe/Berlin' })
 * export class SortLettersHandler implements ICommandHandler<SortLetters> { … }
 */
export function Scheduled(options: ScheduledOptions): ClassDecorator {
  return (target) => Reflect.defineMetadata(SCHEDULED, [options, ...schedulesOf(target)], target);
}

/** The schedules of a handler, in the order in which they are written. */
export function schedulesOf(type: object): readonly ScheduledOptions[] {
  return (Reflect.getOwnMetadata(SCHEDULED, type) ?? []) as readonly ScheduledOptions[];
}
