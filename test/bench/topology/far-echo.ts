import type { PartOptions } from '../../support/parts.js';
import { startPart } from '../../support/parts.js';
import { Caller, Echo } from './echo.js';

/** A process that answers each event with another one. It prints how many megabytes it has when it is ready. */
const given = JSON.parse(process.argv[2]!) as {
  databases: [string, string][];
  port: number;
  urls: PartOptions['urls'];
};
const database = { urls: new Map(given.databases) };
const { port, urls } = given;
await startPart({ database, modules: [Caller, Echo], here: Echo, port, urls, events: { kind: 'feed' } });
process.stdout.write(`${Math.round(process.memoryUsage().rss / 1e6)}\n`);
