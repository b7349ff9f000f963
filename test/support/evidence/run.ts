import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fail, program, readArguments } from '../../../src/tools/lib/cli.js';
import type { Contest } from './contest.js';
import { contest } from './contest.js';
import type { Gathered } from './gather.js';
import { gather, planned } from './gather.js';
import { Ground } from './ground.js';
import { isFlawless, sum } from './history.js';
import { JAEGER, READ_BACK, readBackFromJaeger } from './jaeger.js';
import { writePage } from './parts.js';
import { CRASHES, orderBetweenProcesses, OVER_KAFKA, PROCESSES } from './processes.js';
import { page } from './report.js';
import { RunStage } from './runs.js';
import type { Scenario } from './scenarios.js';
import { CUTS, gone, KILLS, OTHERS } from './scenarios.js';
import { KILLED, MODULES, moveOfRows, movesKilled, movesOfModules, ROWS } from './moves/evidence.js';
import { OwnServer } from './server.js';
import { acceptanceEverywhere, TOPOLOGIES } from './topologies.js';
import { killWorkers } from './worker-process.js';

const HELP = `
npm run evidence -- [PATTERN] [--runs N] [--seed N] [--side-by-side N]

Kills processes, cuts connections, takes the database away, and judges whether anything was lost, doubled or reordered.
All of it, without a pattern, writes docs/evidence.md;
'${PROCESSES}', '${OVER_KAFKA}', '${TOPOLOGIES}', '${JAEGER}' and what begins with 'cutover' write their parts of it whenever they run. Exits with 1 if anything was.

  PATTERN             only scenarios whose title matches, as with --only PATTERN; list prints the titles
  --runs N            of each scenario (default: 3 kills and 1 cut at each moment of each point, 4 of the others)
  --seed N            of the first run; each run has the next one (default: another one each time)
  --side-by-side N    databases at once (default: 3)
  --minutes N         leaves out what has not begun by then
  --help              prints this
`;

const FLAGS = {
  only: { type: 'string' },
  runs: { type: 'string' },
  seed: { type: 'string' },
  'side-by-side': { type: 'string' },
  minutes: { type: 'string' },
} as const;

interface Wishes {
  only: RegExp;
  runs: number | undefined;
  seed: number;
  sideBySide: number;
  withinMs: number;
}

const CONTEST = 'sixteen writers';
const say = (line: string) => void process.stdout.write(`${line}\n`);

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(args, FLAGS, true);
  if (words.length > (flags.only === undefined ? 1 : 0)) fail('One pattern at most, here or with --only. See --help.');
  const [only = flags.only] = words;
  const wishes: Wishes = {
    only: new RegExp(only ?? ''),
    runs: flags.runs === undefined ? undefined : numberOf('--runs', flags.runs),
    seed: numberOf('--seed', flags.seed ?? String(randomInt(1, 1_000_000))),
    sideBySide: numberOf('--side-by-side', flags['side-by-side'] ?? '3'),
    withinMs: flags.minutes === undefined ? Infinity : numberOf('--minutes', flags.minutes) * 60_000,
  };
  const server = await OwnServer.start();
  process.env['TEST_DATABASE_URL'] = server.adminUrl;
  try {
    if (only === 'list') for (const title of titles(server)) say(title);
    else await collect(server, wishes, only === undefined);
  } finally {
    await killWorkers();
    await server.remove();
  }
});

/** What `--only` chooses from, in the order in which it is run. */
function titles(server: OwnServer): string[] {
  const scenarios = [...OTHERS, ...KILLS, ...CUTS, ...gone(server)].map(({ title }) => title);
  return [...scenarios, CONTEST, KILLED, ROWS, MODULES, PROCESSES, OVER_KAFKA, TOPOLOGIES, JAEGER];
}

function numberOf(flag: string, given: string): number {
  return /^\d{1,9}$/.test(given)
    ? Number(given)
    : fail(`${flag} has to be a whole number, not "${given}". See --help.`);
}

async function collect(server: OwnServer, wishes: Wishes, everything: boolean): Promise<void> {
  const begun = Date.now();
  const wanted = (scenarios: Scenario[]) => scenarios.filter(({ title }) => wishes.only.test(title));
  const { runs, seed, sideBySide, withinMs } = wishes;
  const together = [
    ...planned(wanted(OTHERS), runs ?? 4, seed + 2000),
    ...planned(wanted(KILLS), runs ?? 3, seed),
    ...planned(wanted(CUTS), runs ?? 1, seed + 1000),
  ];
  const alone = planned(wanted(gone(server)), runs ?? 4, seed + 3000);
  const many = await gather(together, { sideBySide, say, withinMs });
  const few = await gather(alone, { sideBySide: 1, say });
  const gathered = { results: [...many.results, ...few.results], control: many.control + few.control };
  const contests = wishes.only.test(CONTEST) ? await holdContests(seed, runs ?? 2) : [];
  conclude(gathered, contests, seed);
  const minutes = Math.round((Date.now() - begun) / 60_000);
  if (everything) await writePage(page(gathered, contests, { seed, minutes, postgres: server.version }));
  await moves(wishes, server.version);
  await outOfProcess(wishes, server.version);
}

/** What has parts of the page for itself: the data of a module moves. */
async function moves({ only, runs, seed, withinMs }: Wishes, postgres: string): Promise<void> {
  const options = { seed, runs: runs ?? 32, withinMs, postgres, say };
  const good = [
    !only.test(KILLED) || (await movesKilled(options)),
    !only.test(ROWS) || (await moveOfRows(options)),
    !only.test(MODULES) || (await movesOfModules(options)),
  ];
  if (good.includes(false)) process.exitCode = 1;
}

/** What has parts of the page for itself, and needs specs that a project may not have. */
async function outOfProcess({ only, runs, seed }: Wishes, postgres: string): Promise<void> {
  if (!existsSync('test/acceptance')) return;
  const orders = existsSync(`${CRASHES}.ts`);
  const good = [
    !orders ||
      !only.test(PROCESSES) ||
      (await orderBetweenProcesses(PROCESSES, { seed, runs: runs ?? 3, postgres, say })),
    !orders ||
      !only.test(OVER_KAFKA) ||
      (await orderBetweenProcesses(OVER_KAFKA, { seed, runs: runs ?? 16, postgres, say })),
    !only.test(TOPOLOGIES) || (await acceptanceEverywhere({ seed, postgres, say })),
    !only.test(JAEGER) || !existsSync(`${READ_BACK}.ts`) || (await readBackFromJaeger({ seed, postgres, say })),
  ];
  if (good.includes(false)) process.exitCode = 1;
}

async function holdContests(seed: number, times: number): Promise<Contest[]> {
  const ground = await Ground.make();
  const stage = new RunStage(ground, 'w');
  const contests: Contest[] = [];
  for (let turn = 0; turn < times; turn++) {
    const held = await contest(stage, { seed: seed + turn, each: 120, kills: 4 });
    contests.push(held);
    say(`${isFlawless(held.ours) ? '✓' : '✗'} ${CONTEST} (seed ${held.seed}): ${JSON.stringify(held.ours)}`);
    for (const [name, verdict] of held.naive) say(`    ${name}: ${JSON.stringify(verdict)}`);
  }
  await stage.close();
  await ground.drop();
  return contests;
}

function conclude({ results, control }: Gathered, contests: readonly Contest[], seed: number): void {
  const struck = results.filter((result) => result.struck).length;
  const total = sum([...results.map(({ verdict }) => verdict), ...contests.map(({ ours }) => ours)]);
  say(
    `evidence: ${struck} of ${results.length} runs as planned; ${JSON.stringify(total)}; the control doubled ${control}`,
  );
  say(`to repeat: npm run evidence -- --seed ${seed}; one run: --only '^its title$' --runs 1 --seed, and its seed`);
  if (!isFlawless(total)) process.exitCode = 1;
}
