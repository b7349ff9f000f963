import { existsSync } from 'node:fs';
import { modules } from '../../../../src/modules.js';
import { contextOptions, livesHere } from '../../../../src/platform/bounded-context.js';
import { moved } from '../../../../src/tools/rehearse/stages.js';
import { isFlawless, sum } from '../history.js';
import { writePart } from '../parts.js';
import { circumstances, table } from '../report.js';
import { OwnServer } from '../server.js';
import type { MovePlan, MoveResult, Strike } from './move-stage.js';
import { MoveStage, STEPS, VICTIMS } from './move-stage.js';
import { MillionRows } from './million.js';

export const KILLED = 'cutover: killed at every step';
export const ROWS = 'cutover: a million rows';
export const MODULES = 'cutover: modules of the example';

export interface MovesOptions {
  seed: number;
  /** There and back. */
  runs: number;
  /** Nothing is begun after so many milliseconds. */
  withinMs: number;
  postgres: string;
  say(line: string): void;
}

/** A module moves there and back under load, and something is killed in each step. @returns whether all was as it has to be */
export async function movesKilled({ seed, runs, withinMs, postgres, say }: MovesOptions): Promise<boolean> {
  const begun = Date.now();
  const results = await onTwoServers(async (servers) => {
    const stage = await MoveStage.make(servers);
    const done: MoveResult[] = [];
    for (const plan of plans(seed, runs)) {
      if (Date.now() - begun > withinMs) break;
      const result = await stage.run(plan);
      done.push(result);
      say(lineOf(result));
    }
    return done;
  });
  const minutes = Math.round((Date.now() - begun) / 60_000);
  await writePart('cutover-killed', killedPart(results, circumstances({ seed, minutes, postgres })));
  return results.every(isGood);
}

/** In four runs of a kind each victim comes to its turn in each step. */
function plans(seed: number, runs: number): MovePlan[] {
  return Array.from({ length: runs }, (_, n) => ({
    module: n % 2 === 0 ? 'making' : 'taking',
    ending: n % 4 < 2 ? 'abort' : 'finish',
    first: Math.floor(n / 4),
    seed: seed + n * 100,
  }));
}

const isEqual = ({ reports }: MoveResult) => reports.every((report) => report.startsWith('Proven'));
const isGood = (result: MoveResult) => isFlawless(result.verdict) && isEqual(result);

function lineOf(result: MoveResult): string {
  const { module, strikes, seed, flaws, longestMs } = result;
  const what = strikes.map(({ step, victim, within }) => `${step}: ${victim}${within ? '' : ' (late)'}`).join(', ');
  const more = isGood(result) ? '' : `\n    ${[...flaws, ...result.reports].join('\n    ')}`;
  return `${isGood(result) ? '✓' : '✗'} ${module} moves (seed ${seed}), longest wait ${Math.round(longestMs)} ms; killed in ${what}${more}`;
}

async function onTwoServers<T>(work: (servers: [OwnServer, OwnServer]) => Promise<T>): Promise<T> {
  const servers: OwnServer[] = [await OwnServer.start()];
  const former = process.env['TEST_DATABASE_URL'];
  try {
    servers.push(await OwnServer.start());
    process.env['TEST_DATABASE_URL'] = servers[0]!.adminUrl;
    return await work(servers as [OwnServer, OwnServer]);
  } finally {
    process.env['TEST_DATABASE_URL'] = former;
    for (const server of servers) await server.remove();
  }
}

function killedPart(results: readonly MoveResult[], where: string): string {
  const struck = results.flatMap((result) => result.strikes.map((strike) => ({ ...result, ...strike })));
  const rows = STEPS.flatMap((step) =>
    VICTIMS.flatMap((victim) => {
      const runs = struck.filter((each) => each.step === step && each.victim === victim);
      return runs.length === 0 ? [] : [[step, victim, ...counted(runs)]];
    }),
  );
  const head = ['step', 'killed', 'runs', 'in the middle', ...FLAWS, 'hashes equal', 'longest wait'];
  const { lost, doubled, reordered, unfounded } = sum(results.map(({ verdict }) => verdict));
  const found = `${lost} lost, ${doubled} doubled, ${reordered} reordered, ${unfounded} of rolled back transactions`;
  const seeds = results.map(({ seed }) => seed);
  return `## A module's data moves, and something is killed in each step

The processes and the judge are those of the runs above, with commands all the time, while one module, the producer or the consumer, is moved
to a second server and back by \`npm run cutover\`, half the time by \`back\`, half the time by \`finish\` and the same way home. In each step
the tool, the application, the source or the target gets SIGKILL, servers with \`fsync\` on, and the step is repeated until it is done. Then
everything that was asked is judged, and so is what each switch has found by comparing both sides. A row has the runs in which this was killed in
that step. "In the middle": the step was not over when the kill came. The longest wait of a client is that of a command which the process
answered in the end that had taken it, in all of the run: recovery of killed servers included.

${where} **${results.length} runs there and back with ${struck.length} kills: ${found}; ${results.filter(isEqual).length} with equal hashes.** Seeds
${Math.min(...seeds)}–${Math.max(...seeds)}.

${table(head, rows)}`;
}

const FLAWS = ['lost', 'doubled', 'reordered', 'of rolled back'];

function counted(runs: readonly (MoveResult & Strike)[]): string[] {
  const { lost, doubled, reordered, unfounded } = sum(runs.map((each) => each.verdict));
  const equal = runs.every(isEqual) ? 'yes' : `**no: ${runs.filter((each) => !isEqual(each)).length}**`;
  const longest = (Math.max(...runs.map(({ longestMs }) => longestMs)) / 1000).toFixed(1);
  const middle = runs.filter(({ within }) => within).length;
  return [...[runs.length, middle, lost, doubled, reordered, unfounded].map(String), equal, `${longest} s`];
}

/** @returns whether the pause stays within a second, and the memory of the tool where it is */
export async function moveOfRows({ seed, postgres, say }: MovesOptions): Promise<boolean> {
  const begun = Date.now();
  const moves = await onTwoServers(async (servers) => {
    const million = new MillionRows(await MoveStage.make(servers), seed);
    return [await million.move(10_000), await million.move(1_000_000)];
  });
  const rows = moves.map(({ rows: count, copyMs, pauseMs, longestMs, peakBytes, report }) => {
    const [seconds, mebibytes] = [(copyMs / 1000).toFixed(1), Math.round(peakBytes / 2 ** 20)];
    const figures = [`${seconds} s`, `${pauseMs} ms`, `${Math.round(longestMs)} ms`, `${mebibytes} MiB`];
    return [count.toLocaleString('en'), ...figures, report.startsWith('Proven') ? 'yes' : '**no**'];
  });
  for (const row of rows) say(`${ROWS}: ${row.join(', ')}`);
  const minutes = Math.round((Date.now() - begun) / 60_000);
  const head = [
    'rows in the table',
    'copied within',
    'pause',
    'longest wait of a client',
    'memory of the tool',
    'hashes equal',
  ];
  const where = circumstances({ seed, minutes, postgres });
  await writePart(
    'cutover-rows',
    `## What a move takes\n\nThe same module with more and more rows, by logical replication, under load, undisturbed. The memory is the most that the process of the switch has had, which compares both sides.\n\n${where}\n\n${table(head, rows)}`,
  );
  const [few, many] = moves as [(typeof moves)[0], (typeof moves)[0]];
  return (
    moves.every(({ pauseMs, report }) => pauseMs <= 1000 && report.startsWith('Proven')) &&
    many.peakBytes < few.peakBytes * 1.2
  );
}

/** Each module of the example, in a process of its own, under the acceptance suite. @returns whether it was green throughout */
export async function movesOfModules({ seed, postgres, say }: MovesOptions): Promise<boolean> {
  if (!existsSync('test/acceptance')) return true;
  const begun = Date.now();
  const all = modules.filter(livesHere).map((module) => contextOptions(module)!.name);
  const rows: string[][] = [];
  let failed = 0;
  for (const [n, name] of all.entries()) {
    const { title, run } = moved(name, seed + n, { all, events: 'feed' });
    const { passed, failures } = await run(new AbortController().signal);
    failed += failures.length;
    say(`${failures.length === 0 ? '✓' : '✗'} ${title}: ${passed} passed, ${failures.length} failed`);
    for (const { name: what, why } of failures) say(`    ${what}: ${why}`);
    rows.push([name, String(passed), String(failures.length)]);
  }
  const minutes = Math.round((Date.now() - begun) / 60_000);
  const where = circumstances({ seed, minutes, postgres, fsync: false });
  await writePart(
    'cutover-modules',
    `## The acceptance suite while the data of a module moves\n\n\`npm run rehearse -- MODULE --cutover\`: the module runs in a process of its own; its data goes to a second server and back, again and again, while the suite runs, and in\neach step something is killed. Each step that was done counts as one that passed.\n\n${where}\n\n${table(['module', 'passed', 'failed'], rows)}`,
  );
  return failed === 0;
}
