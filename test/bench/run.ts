import { existsSync } from 'node:fs';
import { fail, program, readArguments } from '../../src/tools/lib/cli.js';
import type { Bench, Benchmark, Row } from './harness.js';
import { table, writeSection } from './report.js';

const NAMES = [
  'delivery',
  'boundaries',
  'readiness',
  'bus',
  'shop',
  'price',
  'start',
  'topology',
  'forecast',
  'observability',
  'entities',
].filter((name) => existsSync(fileOf(name)));

const HELP = `
npm run bench -- [NAME …] [--quick] [--only PART,…] [--alone]

Measures what docs/benchmarks.md says, and writes it there. Names: ${NAMES.join(', ')}; all of them by default.

  --quick        one turn instead of five, written to the terminal only
  --only PART,…  some parts of a benchmark, written to the terminal only
  --alone        our side only, for a profiler: node --cpu-prof dist/test/bench/run.js delivery --only drain --alone
`;

/** What the file of a benchmark exports: itself under its name, and with what it was measured. */
interface BenchmarkFile {
  versions?(): string[] | Promise<string[]>;
  [name: string]: unknown;
}

await program(import.meta.url, HELP, async (args) => {
  const flags = { quick: { type: 'boolean' }, only: { type: 'string' }, alone: { type: 'boolean' } } as const;
  const read = readArguments(args, flags, true);
  const unknown = read.words.find((word) => !NAMES.includes(word));
  if (unknown !== undefined) fail(`There is no benchmark "${unknown}": ${NAMES.join(', ')}. See --help.`);
  const names = read.words.length > 0 ? read.words : NAMES;
  const partly = Boolean(read.flags.quick ?? read.flags.only ?? read.flags.alone);
  for (const name of names) await measure(name, toBench(read.flags), partly);
});

function toBench({ quick, only, alone }: { quick?: boolean; only?: string; alone?: boolean }): Bench {
  const parts = only?.split(',');
  return {
    turns: quick ? 1 : 5,
    alone: alone ?? false,
    wants: (part) => parts?.includes(part) ?? true,
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}

async function measure(name: string, bench: Bench, partly: boolean): Promise<void> {
  const file = (await import(fileOf(name).href)) as BenchmarkFile;
  const rows: Row[] = await (file[name] as Benchmark)(bench);
  process.stdout.write(`${table(rows)}\n`);
  if (!partly) await writeSection(name, rows, (await file.versions?.()) ?? []);
}

function fileOf(name: string): URL {
  return new URL(`./${name}.js`, import.meta.url);
}
