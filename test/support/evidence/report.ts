import { cpus } from 'node:os';
import type { Contest } from './contest.js';
import type { Gathered } from './gather.js';
import type { Verdict } from './history.js';
import { sum } from './history.js';
import { HEAD } from './report-head.js';
import type { Result } from './runs.js';

export interface Circumstances {
  seed: number;
  minutes: number;
  postgres: string;
  /** Whether the database waits for the disk. Default: yes. */
  fsync?: boolean;
}

/** The page docs/evidence.md. */
export function page({ results, control }: Gathered, contests: readonly Contest[], about: Circumstances): string {
  const struck = results.filter((result) => result.struck);
  const at = (kind: string) => struck.filter(({ title }) => title.startsWith(`${kind}, `));
  const others = struck.filter(({ title }) => !/^(killed|cut), /.test(title));
  return [
    HEAD.trimEnd(),
    `## What came of it\n\n${circumstances(about)} ${inTotal(struck, contests)}`,
    `## Killed at a point: \`kill -9\`\n\n${points(at('killed'))}`,
    `## The connection cut at a point\n\n${points(at('cut'))}`,
    `## Other things that happen\n\n${table(['what', 'runs', ...FLAWS, 'seeds'], grouped(others, (title) => title).map(otherRow))}`,
    `## Sixteen writers, long transactions among them\n\n${writers(contests)}`,
    `## Would these tests notice?\n\n${noticed(control)}`,
  ]
    .join('\n\n')
    .concat('\n');
}

const FLAWS = ['lost', 'doubled', 'reordered', 'phantom'];
const flaws = ({ lost, doubled, reordered, unfounded }: Verdict) => [lost, doubled, reordered, unfounded].map(String);

export function circumstances({ seed, minutes, postgres, fsync = true }: Circumstances): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`;
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${machine}; Node ${process.versions.node}, PostgreSQL ${postgres} with \`fsync\` ${fsync ? 'on' : 'off'}; ${minutes} minutes; seed ${seed}.`;
}

function inTotal(results: readonly Result[], contests: readonly Contest[]): string {
  const total = sum([...results.map(({ verdict }) => verdict), ...contests.map(({ ours }) => ours)]);
  const killed = results.filter(({ title }) => title.includes('kill')).length;
  const runs = results.length + contests.length;
  return (
    `**${runs} runs, in ${killed + contests.length} of them a process or the server was killed: ` +
    `${total.lost} lost, ${total.doubled} doubled, ${total.reordered} reordered, ${total.unfounded} phantom.**`
  );
}

const MOMENTS = ['before', 'sent', 'after'];

/** One row a point, with the runs of each moment. */
function points(results: readonly Result[]): string {
  const rows = grouped(results, (title) => title.split(', ')[1]!).map(([point, runs]) => {
    const count = (moment: string) => String(runs.filter(({ title }) => title.endsWith(`, ${moment}`)).length);
    return [point, ...MOMENTS.map(count), ...flaws(sum(runs.map(({ verdict }) => verdict))), seeds(runs)];
  });
  return table(['point', 'before it is sent', 'sent, not answered', 'reply lost', ...FLAWS, 'seeds'], rows);
}

const otherRow = ([what, runs]: [string, Result[]]) => [
  what,
  String(runs.length),
  ...flaws(sum(runs.map(({ verdict }) => verdict))),
  seeds(runs),
];

function grouped(results: readonly Result[], by: (title: string) => string): [string, Result[]][] {
  const groups = new Map<string, Result[]>();
  for (const result of [...results].sort((a, b) => a.seed - b.seed))
    groups.set(by(result.title), [...(groups.get(by(result.title)) ?? []), result]);
  return [...groups];
}

function seeds(runs: readonly Result[]): string {
  const all = runs.map(({ seed }) => seed);
  return `${Math.min(...all)}–${Math.max(...all)}`;
}

function writers(contests: readonly Contest[]): string {
  const rows = contests.flatMap((held) => {
    const { seed, tokens, rolledBack, kills, ours, naive } = held;
    const head = [String(seed), String(tokens.length), String(rolledBack)];
    const five = [...head, `ours, six consumers, killed ${kills} times`, ...flaws(ours)];
    return [five, ...[...naive].map(([name, verdict]) => [...head, `${name}, undisturbed`, ...flaws(verdict)])];
  });
  return table(['seed', 'committed rows', 'rolled back', 'reader', ...FLAWS], rows);
}

function noticed(control: number): string {
  return (
    `The naive readers lose rows in the table above. In all runs above it a control took part: a consumer that writes past its ` +
    `transaction. It had ${control} effects twice. The checker itself is tested with faults planted in a history ` +
    `(\`test/delivery/evidence/history.spec.ts\`).`
  );
}

/** As a table of Markdown, columns aligned as the formatter would. */
export function table(head: readonly string[], rows: readonly string[][]): string {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
