import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../../src/platform/testing/eventually.js';
import { Line } from './line.js';
import { ThingMarked } from './making.js';
import { MOMENTS, POINTS } from './points.js';
import type { Plan } from './runs.js';
import { cutAt, killedAt, strikeOf } from './runs.js';
import type { OwnServer } from './server.js';
import { random } from './workload.js';

/** Something that can happen. Its title is the row of the table it counts in, and what follows a comma. */
export interface Scenario {
  kind: 'kill' | 'cut' | 'other' | 'database';
  /** The point of a kill or cut, or what else happens. */
  what: string;
  title: string;
  happens: Plan['happens'];
}

const WORDS = { kill: 'killed', cut: 'cut' } as const;
const HOUR = 3_600_000;

const everywhere = (kind: 'kill' | 'cut', at: typeof killedAt): Scenario[] =>
  Object.keys(POINTS).flatMap((what) =>
    MOMENTS.map((moment) => ({
      kind,
      what,
      title: `${WORDS[kind]}, ${what}, ${moment}`,
      happens: at(what, moment),
    })),
  );

const other = (what: string, happens: Plan['happens'], kind: 'other' | 'database' = 'other'): Scenario => ({
  kind,
  what,
  title: what,
  happens,
});

/** Some milliseconds into the work. */
const soon = async (seed: number, withinMs = 250) => await delay(random(seed + 3)() * withinMs);

/** The server ends all sessions at once. */
const sessionsEnded: Plan['happens'] = async (stage, { seed }) => {
  const working = (await stage.worker()).ask({ do: 'work', run: stage.current, seed });
  await soon(seed);
  await stage.ground.endSessions();
  await working;
  return true;
};

/** Two replicas do the same work with the same keys; one is killed, then the other one. */
const inTurn: Plan['happens'] = async (stage, { seed }) => {
  const first = await stage.worker();
  const second = await stage.another();
  const points = Object.keys(POINTS);
  const point = points[Math.floor(random(seed + 4)() * points.length)]!;
  const strike = strikeOf(point, MOMENTS[seed % 3]!, 'kill', seed);
  void first.outlives({ do: 'work', run: stage.current, seed, strike });
  void second.outlives({ do: 'work', run: stage.current, seed });
  await Promise.race([first.ended, delay(600)]);
  await first.kill();
  stage.bury();
  void (await stage.worker()).outlives({ do: 'work', run: stage.current, seed });
  await soon(seed, 400);
  await second.kill();
  await stage.ground.endLeases();
  return true;
};

/** The clock of the process jumps in the middle of the work, and the process is killed a little later. */
const clockJumps =
  (ms: number): Plan['happens'] =>
  async (stage, { seed }) => {
    const worker = await stage.worker();
    void worker.outlives({ do: 'work', run: stage.current, seed });
    await soon(seed);
    await worker.ask({ do: 'jump', ms });
    await soon(seed + 1);
    await worker.kill();
    stage.bury();
    await stage.ground.endLeases();
    // The next one lives in the wrong time from the beginning; in the end its clock is put right.
    const next = await stage.worker();
    await next.ask({ do: 'jump', ms: -ms });
    await next.ask({ do: 'work', run: stage.current, seed });
    await next.ask({ do: 'jump', ms });
    return true;
  };

/** The connections of a process carry nothing any more and stay open; new ones work. */
const goneSilent: Plan['happens'] = async (stage, { seed }) => {
  const { urls } = stage.ground.database;
  const line = await Line.to([...urls.values()][0]!);
  const through = new Map([...urls].map(([module, url]) => [module, line.through(url)]));
  const worker = await stage.another({ urls: through });
  const working = worker.ask({ do: 'work', run: stage.current, seed });
  await soon(seed);
  line.silence();
  await working;
  await worker.stop();
  line.close();
  await stage.ground.endLeases();
  return true;
};

/** A server that only reads takes the place of the one that writes, for a while. */
const onlyReads: Plan['happens'] = async (stage, { seed }) => {
  const working = (await stage.worker()).ask({ do: 'work', run: stage.current, seed });
  await soon(seed);
  await stage.ground.readOnly(true);
  await delay(1000);
  await stage.ground.readOnly(false);
  await working;
  return true;
};

/** Handlers do not return within their limit, and go on after it. */
const hang: Plan['happens'] = async (stage, { seed }) => {
  const worker = await stage.worker();
  const working = worker.ask({ do: 'work', run: stage.current, seed });
  await soon(seed);
  await worker.ask({ do: 'hang' });
  await working;
  return true;
};

/** Beside the present version the former one begins, is alone for a while, and the present one comes again. */
const twoVersions: Plan['happens'] = async (stage, { seed }) => {
  const present = await stage.worker();
  // Only from then on is the order of a key kept over both types.
  await eventually(() => stage.ground.covers(ThingMarked.definition.name), 'the present version being known');
  const working = present.outlives({ do: 'work', run: stage.current, seed });
  const former = await stage.another({ version: 'former' });
  void former.outlives({ do: 'work', run: stage.current, seed });
  await soon(seed);
  await present.kill();
  stage.bury();
  await working;
  await stage.ground.endLeases();
  await former.outlives({ do: 'work', run: stage.current, seed });
  const next = await stage.worker();
  const again = next.ask({ do: 'work', run: stage.current, seed });
  await soon(seed + 1);
  await former.stop();
  await again;
  return true;
};

/** Refused commands run beside other work of the same unit, as in every run, and the process is killed in it. */
const killedAmongRefusals: Plan['happens'] = async (stage, { seed }) => {
  const worker = await stage.worker();
  void worker.outlives({ do: 'work', run: stage.current, seed });
  await soon(seed);
  await worker.kill();
  stage.bury();
  await stage.ground.endLeases();
  return true;
};

/** The database goes away in the middle of the work, and comes back. */
const databaseGone = (restart: () => Promise<void>): Plan['happens'] => {
  return async (stage, { seed }) => {
    const worker = await stage.worker();
    const working = worker.ask({ do: 'work', run: stage.current, seed });
    // If the database does not come back, neither does the work.
    await Promise.all([soon(seed).then(restart), working]);
    await eventually(() => stage.ground.sql('SELECT').then(() => true), 'the database being back');
    return true;
  };
};

export const KILLS = everywhere('kill', killedAt);
export const CUTS = everywhere('cut', cutAt);
export const OTHERS: Scenario[] = [
  other('all sessions ended by the server', sessionsEnded),
  other('two replicas with the same work, killed in turn', inTurn),
  other('clock jumps an hour ahead, kill, an hour back', clockJumps(HOUR)),
  other('clock jumps an hour back, kill, an hour ahead', clockJumps(-HOUR)),
  other('connections go silent', goneSilent),
  other('fail-over to a server that only reads', onlyReads),
  other('handlers hang beyond their limit', hang),
  other('two versions side by side, back and forward', twoVersions),
  other('concurrent work in one unit, kill', killedAmongRefusals),
];

/** Those that take the server away: nobody else may be using it. */
export const gone = (server: OwnServer): Scenario[] => [
  other(
    'database stopped and started again',
    databaseGone(() => server.restart()),
    'database',
  ),
  other(
    'kill -9 of the database server',
    databaseGone(() => server.crash()),
    'database',
  ),
];
