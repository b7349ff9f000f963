import { readFile, writeFile } from 'node:fs/promises';

const FILE = 'docs/evidence.md';
const GUARANTEES = 'docs/delivery.md';
/** The parts of the page that are written by themselves, in their order. */
const PARTS = [
  'cutover-killed',
  'cutover-rows',
  'cutover-modules',
  'processes',
  'kafka',
  'topologies',
  'jaeger',
] as const;
export type PartName = (typeof PARTS)[number];

/** They are about the example, and go with it. */
const marks = (name: PartName) =>
  [`<!-- example:begin evidence:${name} -->`, `<!-- example:end evidence:${name} -->`] as const;

/** Writes the page anew, with the parts that it has already, and its result on the page of what is guaranteed. */
export async function writePage(page: string): Promise<void> {
  const kept = partsOf(await read());
  await writeFile(FILE, withParts(page, kept));
  const [, result] = /\*\*(\d+ runs, .*)\*\*/.exec(page)!;
  const guarantees = await readFile(GUARANTEES, 'utf8');
  await writeFile(GUARANTEES, guarantees.replace(/^\*\*Result:\*\* .*$/m, `**Result:** ${result}`));
}

/** Puts a part in place of the one of that name, and leaves the rest as it is. */
export async function writePart(name: PartName, text: string): Promise<void> {
  const page = await read();
  const parts = partsOf(page);
  let rest = page;
  for (const part of parts.values()) rest = rest.replace(part, '').trimEnd();
  const [begin, end] = marks(name);
  parts.set(name, `${begin}\n\n${text}\n\n${end}`);
  await writeFile(FILE, withParts(rest, parts));
}

const read = () => readFile(FILE, 'utf8').catch(() => '');

function partsOf(page: string): Map<PartName, string> {
  const found = PARTS.map((name) => {
    const [begin, end] = marks(name);
    const [from, until] = [page.indexOf(begin), page.indexOf(end)];
    return [name, from >= 0 && until > from ? page.slice(from, until + end.length) : ''] as const;
  });
  return new Map(found.filter(([, part]) => part !== ''));
}

function withParts(page: string, parts: ReadonlyMap<PartName, string>): string {
  const inOrder = PARTS.flatMap((name) => parts.get(name) ?? []);
  return `${[page.trimEnd(), ...inOrder].join('\n\n')}\n`;
}
