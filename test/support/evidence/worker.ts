import { jump } from './clock.js';
import type { Strike } from './strike.js';
import { arm, disarm } from './strike.js';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandBus } from '@nestjs/cqrs';
import { DomainError } from '../../../src/platform/messaging/errors.js';
import { childContext, runInScope } from '../../../src/platform/messaging/context/context.js';
import type { Replica } from '../replica.js';
import { startReplica } from '../replica.js';
import { BeginJob, MakingModule, RaiseThing } from './making.js';
import { closeOutside, openOutside } from './outside.js';
import { FormerTakingModule, hangOnce, TakingModule } from './taking.js';
import type { Task } from './workload.js';
import { random, workload } from './workload.js';

/** The former version of the consumer does not know all messages. */
export type Version = 'present' | 'former';

/** What the tests ask of a worker process; each request is answered with its name when it is done. */
export type Request =
  | { do: 'start'; adminUrl: string; urls: [string, string][]; poolers: [string, string][]; version: Version }
  | { do: 'work'; run: string; seed: number; strike?: Strike }
  | { do: 'jump'; ms: number }
  /** The next handlers of some consumers do not return for a while. */
  | { do: 'hang' }
  | { do: 'stop' };

const AT_ONCE = 8;
const PARTITION_ROWS = 400;
let replica: Replica;
/** That a client has waited for an answer that was none of refusal. */
let longestMs = 0;

async function start({ adminUrl, urls, poolers, version }: Extract<Request, { do: 'start' }>): Promise<void> {
  openOutside(adminUrl);
  const database = { adminUrl, urls: new Map(urls), drop: () => Promise.resolve() };
  const taking = version === 'former' ? FormerTakingModule : TakingModule;
  const modules = [MakingModule, taking];
  const more = { poolers: new Map(poolers) };
  replica = await startReplica(database, modules, { partitionRows: PARTITION_ROWS }, undefined, more);
}

/** Executes every command of the run until it has an answer: as clients do, with the same key each time. */
async function work({ run, seed, strike }: Extract<Request, { do: 'work' }>): Promise<void> {
  disarm();
  longestMs = 0;
  if (strike) arm(strike, () => process.send!('struck'));
  const tasks = workload(run, seed);
  const next = random(seed + 1);
  const client = async () => {
    for (let task = tasks.shift(); task; task = tasks.shift()) {
      await execute(task);
      await delay(next() * 12);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  process.send!({ longestMs });
}

async function execute(task: Task): Promise<void> {
  const command = task.kind === 'begin' ? new BeginJob({ job: task.job }) : new RaiseThing(task);
  const faulty = task.kind === 'raise' && task.mood === 'fault';
  const since = performance.now();
  for (;;) {
    const context = childContext('evidence', 'evidence', { key: task.token });
    try {
      await runInScope(context, undefined, () => replica.app.get(CommandBus).execute(command));
      longestMs = Math.max(longestMs, performance.now() - since);
      return;
    } catch (error) {
      if (faulty || error instanceof DomainError) return;
      await delay(20);
    }
  }
}

async function stop(): Promise<void> {
  disarm();
  await replica.stop();
  await closeOutside();
  process.disconnect();
}

async function answer(request: Request): Promise<void> {
  if (request.do === 'start') await start(request);
  else if (request.do === 'work') await work(request);
  else if (request.do === 'jump') jump(request.ms);
  else if (request.do === 'hang') hangOnce();
  else return await stop();
  process.send!(request.do);
}

process.on('message', (request: Request) => {
  answer(request).catch((error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit());
