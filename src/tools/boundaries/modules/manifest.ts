import { z } from 'zod';
import type { Tree } from './tree.js';
import { exists, readText } from './tree.js';
import type { Violation } from '../violation.js';
import { violation } from '../violation.js';

/** What a reason is. */
export const Sentence = z.string().regex(/\S+\s+\S+/, 'expected a sentence');
const ModuleName = z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected the name of a module');

/** What a module says of itself in its `module.json`. */
export const Manifest = z
  .strictObject({
    $schema: z.string().optional(),
    name: ModuleName.describe("The folder's name: its schema, and the first part of the names of its messages."),
    summary: Sentence.describe('What it is there for, in one sentence.'),
    owner: z
      .string()
      .regex(
        /^(?:@[\w.-]+(?:\/[\w.-]+)?|[^\s@]+@[^\s@]+)$/,
        'expected what CODEOWNERS understands: @user, @organisation/team or an address',
      )
      .describe('Who reviews it: @user, @organisation/team or an e-mail address.'),
    dependsOn: z
      .record(ModuleName, Sentence)
      .describe(
        'Every other module whose contracts it imports, and why. Ask that module to list this one as a consumer.',
      ),
    consumers: z
      .array(ModuleName)
      .describe('The modules that depend on this one. Kept by its owner, who so gets to see each new dependency.'),
    consumes: z
      .record(
        z.string().regex(/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*\.v[1-9]\d*$/, 'expected the name of a message'),
        z.array(z.string()),
      )
      .optional()
      .describe(
        'The fields it needs of the messages of others; of a message that is not listed here, all. See docs/guides/boundaries.md.',
      ),
    elsewhere: z
      .string()
      .regex(/^\S+$/, 'expected the address or the path of a repository')
      .optional()
      .describe('It lives in another repository: the address or path of that one. Only its contracts are here.'),
    files: z
      .array(z.string())
      .optional()
      .describe('Files outside of its folder that go with it to another repository, such as runbooks.'),
    outside: z
      .record(z.string().regex(/^(?:@[\w.-]+\/)?[\w.-]+$/, 'expected the name of a package'), Sentence)
      .optional()
      .describe(
        'Packages that reach a database or broker which is its own and lies outside of this application, and what it is.',
      ),
  })
  .meta({ title: 'Manifest of a module' });
export type Manifest = z.output<typeof Manifest>;

/** A module and its manifest, as far as it could be understood. */
export interface Declared {
  path: string;
  text: string;
  manifest: Manifest;
}

/** Reads every manifest. @returns the valid ones by folder, and what is wrong with the others */
export function readManifests(tree: Tree): { declared: ReadonlyMap<string, Declared>; violations: Violation[] } {
  const declared = new Map<string, Declared>();
  const violations: Violation[] = [];
  for (const module of tree.modules) {
    const path = `modules/${module}/module.json`;
    const text = exists(`${tree.root}/${path}`) ? readText(tree.root, path) : undefined;
    const read = text === undefined ? { problems: [missing(module)] } : parse(module, text);
    if ('manifest' in read) declared.set(module, { path, text: text!, manifest: read.manifest });
    else
      violations.push(
        ...read.problems.map(({ key, message }) => invalid(path, lineOfKey(text ?? '', ...key), message)),
      );
  }
  return { declared, violations };
}

/** The line of a key in JSON text; keys lead to it from the outside. Line 1 when there is none. */
export function lineOfKey(text: string, ...keys: readonly string[]): number {
  let at = 0;
  for (const key of keys) {
    const next = text.slice(at).search(new RegExp(`"${key.replace(/[^\w-]/g, '\\$&')}"`));
    if (next < 0) break;
    at += next;
  }
  return text.slice(0, at).split('\n').length;
}

interface Problem {
  key: string[];
  message: string;
}

function missing(module: string): Problem {
  return {
    key: [],
    message: `modules/${module} has no module.json: say its name, summary, owner, dependsOn and consumers.`,
  };
}

function parse(module: string, text: string): { manifest: Manifest } | { problems: Problem[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return { problems: [{ key: [], message: `This is not JSON: ${(cause as Error).message}` }] };
  }
  const parsed = Manifest.safeParse(json);
  if (!parsed.success) return { problems: parsed.error.issues.map(problemOf) };
  if (parsed.data.name === module) return { manifest: parsed.data };
  return {
    problems: [
      {
        key: ['name'],
        message: `The module is called "${parsed.data.name}" here, but its folder "${module}". Make them the same.`,
      },
    ],
  };
}

function problemOf({ path, message }: z.core.$ZodIssue): Problem {
  const key = path.map(String);
  const hint = /^(?:dependsOn|outside)$/.test(key[0] ?? '') ? ' Give the reason of each, in a sentence.' : '';
  return { key, message: `${key.join('.') || 'The manifest'}: ${message}.${hint} See modules/module.schema.json.` };
}

function invalid(file: string, line: number, message: string): Violation {
  return violation({ file, line, rule: 'manifest', target: file, message });
}
