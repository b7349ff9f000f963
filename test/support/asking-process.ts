import { pino } from 'pino';
import { watchStrayFailures } from '../../src/platform/stray-failures.js';
import { Asker, Teller } from './asking-modules.js';
import { startReplica } from './replica.js';

/** A replica in a process of its own, until it ends or is ended: its URLs are in the argument, its log is its output. */
const urls = new Map(JSON.parse(process.argv[2]!) as [string, string][]);
const log = pino({ level: 'info' }, pino.destination({ sync: true }));
watchStrayFailures(log);
await startReplica({ urls }, [Teller, Asker], {}, log);
log.info('ready');
