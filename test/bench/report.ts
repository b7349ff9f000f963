import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { Row } from './harness.js';

const FILE = 'docs/benchmarks.md';

const HEAD = `# Benchmarks

\`npm run bench\` reproduces all of it and writes this page. Every figure is a ratio of two things measured in turns in the same run, the
median of at least five ratios, on real PostgreSQL with \`fsync\` and \`synchronous_commit\` on. The machine was shared: read the
ratios, not the absolute figures.
`;

/** Puts a section in place of the one of that name, and leaves the others as they are. */
export async function writeSection(name: string, rows: readonly Row[], versions: readonly string[]): Promise<void> {
  const page = await readFile(FILE, 'utf8').catch(() => HEAD);
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const section = `${begin}\n\n## ${title(name)}\n\n${machine(versions)}\n\n${table(rows)}\n\n${end}`;
  const from = page.indexOf(begin);
  const until = page.indexOf(end);
  const written =
    from >= 0 && until > from
      ? page.slice(0, from) + section + page.slice(until + end.length)
      : `${page.trimEnd()}\n\n${section}\n`;
  await writeFile(FILE, written);
}

/** As a table of Markdown, columns aligned as the formatter would. */
export function table(rows: readonly Row[]): string {
  const cells = [['benchmark', 'target', 'measured', 'reached'], ...rows.map(cellsOf)];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const pad = (text: string, width: number) => text + ' '.repeat(width - text.length);
  const lines = cells.map((row) => `| ${row.map((cell, column) => pad(cell, widths[column]!)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

function cellsOf({ benchmark, target, measured, reached }: Row): string[] {
  return [benchmark, target, measured, reached === undefined ? '–' : reached ? 'yes' : 'no'];
}

function machine(versions: readonly string[]): string {
  const cores = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const parts = [
    `${cores.length} × ${cores[0]?.model ?? 'unknown'}`,
    `${gigabytes} GB`,
    `Node ${process.versions.node}`,
  ];
  return `Measured on ${[...parts, ...versions].join(', ')}; ${new Date().toISOString().slice(0, 10)}.`;
}

const title = (name: string) => name[0]!.toUpperCase() + name.slice(1);
