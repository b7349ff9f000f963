import { pino } from 'pino';
import type { ScheduledOptions } from '../../src/platform/schedules/scheduled.js';
import { chores } from './chores.js';
import { startReplica } from './replica.js';

/** A replica in a process of its own: its URLs and its schedules are the arguments, its log is its output. */
const [urls, schedules] = process.argv.slice(2).map((text) => JSON.parse(text) as unknown);
const log = pino({ level: 'info' }, pino.destination({ sync: true }));
const modules = [chores(...(schedules as ScheduledOptions[]))];
await startReplica({ urls: new Map(urls as [string, string][]) }, modules, {}, log);
log.info('ready');
