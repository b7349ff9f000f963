import { readFile } from 'node:fs/promises';

/** One line of a Dockerfile, with its continuations. */
export interface Instruction {
  readonly name: string;
  /** What follows the name and the flags. */
  readonly rest: string;
  readonly flags: Readonly<Record<string, string>>;
}

/** Reads a Dockerfile: one list of instructions a stage, each beginning with its FROM. */
export async function readDockerfile(path: string): Promise<Instruction[][]> {
  const text = (await readFile(path, 'utf8')).replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n/g, ' ');
  const instructions = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readInstruction);
  const starts = instructions.flatMap(({ name }, at) => (name === 'FROM' ? [at] : []));
  return starts.map((start, n) => instructions.slice(start, starts[n + 1]));
}

function readInstruction(line: string): Instruction {
  const [, name, given, rest] = /^(\w+)\s+((?:--[\w-]+=\S+\s+)*)(.*)$/.exec(line)!;
  const flags = [...given!.matchAll(/--([\w-]+)=(\S+)/g)].map(([, flag, value]) => [flag!, value!] as const);
  return { name: name!, rest: rest!.trim(), flags: Object.fromEntries(flags) };
}

/** Whether a file of the repository belongs to what is sent to an engine: the last matching line decides. */
export function readIgnore(text: string): (file: string) => boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const rules = lines.map((line) => ({ out: !line.startsWith('!'), pattern: toPattern(line.replace(/^!/, '')) }));
  return (file) => !(rules.findLast(({ pattern }) => pattern.test(file))?.out ?? false);
}

function toPattern(line: string): RegExp {
  const escaped = line.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  const glob = escaped.replaceAll('**/', '(?:.+/)?').replaceAll(/(?<!\))\*/g, '[^/]*');
  return new RegExp(`^${glob}(?:/.*)?$`);
}
