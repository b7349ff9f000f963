import { posix } from 'node:path';
import { z } from 'zod';
import { fail } from '../lib/cli.js';

/** Says what of the project is the example. It goes with it. */
export const LIST = 'modules/example.json';

const Example = z.strictObject({
  /** Folders of `modules/`. */
  modules: z.array(z.string()).min(1),
  /** Other files and folders. Tests that import any of it need not be named. */
  files: z.array(z.string()),
});
type Example = z.output<typeof Example>;

/** @returns `undefined` when the example was dropped already */
export function readExample(files: ReadonlyMap<string, string>): Example | undefined {
  const text = files.get(LIST);
  return text === undefined ? undefined : Example.parse(JSON.parse(text));
}

/**
 * The files that go: the modules, what is listed with them, and every test that needs any of it.
 * @throws UsageError when a module that stays depends on one that goes
 */
export function filesOf(example: Example, files: ReadonlyMap<string, string>): Set<string> {
  const roots = [LIST, ...example.files, ...example.modules.map((module) => `modules/${module}`)];
  const gone = withDependants(roots, files);
  refuseDependants(files, gone);
  return gone;
}

/** What lies at or below some paths, and every test that imports any of it. */
export function withDependants(roots: readonly string[], files: ReadonlyMap<string, string>): Set<string> {
  const gone = new Set(
    [...files.keys()].filter((path) => roots.some((root) => path === root || path.startsWith(`${root}/`))),
  );
  const tests = [...files].filter(([path]) => /^test\/.*\.ts$|^src\/.*\.spec\.ts$/.test(path));
  for (let size = -1; size !== gone.size;) {
    size = gone.size;
    for (const [path, text] of tests) if (importsOf(path, text).some((target) => gone.has(target))) gone.add(path);
  }
  return gone;
}

/** The files of the tree that a file imports. */
export function importsOf(path: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((found) => found[1]!);
  return specifiers.map((specifier) => posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts'));
}

function refuseDependants(files: ReadonlyMap<string, string>, gone: ReadonlySet<string>): void {
  const left = [...files].filter(([path]) => /^modules\/.*\.ts$/.test(path) && !gone.has(path));
  for (const [path, text] of left) {
    const target = importsOf(path, text).find((each) => gone.has(each));
    if (target) fail(`${path} needs ${target}, which is part of the example: let it do without first.`);
  }
}

/** What a part of a text is about: the example, the proofs, or the template that a project is made from. */
type Subject = 'example' | 'proofs' | 'template';

/**
 * A text without what is said of a subject: what stands between the lines with `…:begin` and `…:end`. What stands in a
 * comment that begins with `…:instead` is said from then on.
 */
export function withoutSections(text: string, subject: Subject = 'example'): string {
  const [begin, end] = [`${subject}:begin`, `${subject}:end`];
  const section = `^[^\\n]*${begin}[^\\n]*\\n(?:(?!.*${end})[^\\n]*\\n)*[^\\n]*${end}[^\\n]*\\n(?:\\n(?=\\n|$))?`;
  const instead = new RegExp(`^<!-- ${subject}:instead\\n([\\s\\S]*?)\\n-->$`, 'gm');
  return text.replace(new RegExp(section, 'gm'), '').replace(instead, '$1').replace(/^\n+/, '');
}

/** A page in which what was a link to a file that is gone is plain text; an item of a list that began with it is gone. */
export function withoutLinks(path: string, text: string, all: Iterable<string>, gone: ReadonlySet<string>): string {
  const left = [...all].filter((file) => !gone.has(file));
  const isGone = (target: string) => {
    const file = posix.join(posix.dirname(path), target.split('#')[0]!);
    return [...gone].some((each) => each === file || each.startsWith(`${file.replace(/\/$/, '')}/`)) && !stays(file);
  };
  // A folder of which something is left is not gone.
  const stays = (file: string) => file === '.' || left.some((each) => each.startsWith(`${file.replace(/\/$/, '')}/`));
  const leadsAway = (target: string) => !target.startsWith('#') && isGone(target);
  const withoutItems = text.replace(/^- \[[^\]]*\]\((?!\w+:)([^)\s]+)\).*\n/gm, (item, target: string) =>
    leadsAway(target) ? '' : item,
  );
  return withoutItems.replace(/\[([^\]]*)\]\((?!\w+:)([^)\s]+)\)/g, (link, label: string, target: string) =>
    leadsAway(target) ? label : link,
  );
}

/** `src/modules.ts` without some modules. */
export function withoutModules(text: string, modules: readonly string[]): string {
  return modules.reduce((left, module) => {
    const line = new RegExp(`^import \\{ (\\w+) \\} from '\\.\\./modules/${module}/[^\\n]*\\n`, 'm');
    const type = line.exec(left)?.[1];
    return type ? left.replace(line, '').replace(new RegExp(`\\b${type}\\b,?\\s*`), '') : left;
  }, text);
}
