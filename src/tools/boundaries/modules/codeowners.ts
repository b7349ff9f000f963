import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Declared } from './manifest.js';
import { Manifest } from './manifest.js';
import { exists, readText } from './tree.js';
import type { Violation } from '../violation.js';
import { violation } from '../violation.js';

const MARK = '# Modules, from the owners in their module.json: npm run boundaries -- --write';
const REGENERATE = 'Run "npm run boundaries -- --write" and commit what it changes.';

/** Files that are made from the manifests: path → the text it should have, given the one it has. */
const GENERATED: Readonly<Record<string, (present: string, manifests: ReadonlyMap<string, Declared>) => string>> = {
  CODEOWNERS: codeowners,
  'modules/module.schema.json': schema,
};

export function driftViolations(root: string, manifests: ReadonlyMap<string, Declared>): Violation[] {
  return Object.entries(GENERATED).flatMap(([file, generate]) => {
    const present = exists(join(root, file)) ? readText(root, file) : '';
    if (present === '' && file !== 'CODEOWNERS') return [];
    const line = firstDifference(present, generate(present, manifests));
    if (line === undefined) return [];
    const message = `${file} is not what the manifests of the modules say. ${REGENERATE}`;
    return [violation({ file, line, rule: 'generated-file', target: file, message })];
  });
}

/** Brings the generated files up to date. @returns those that changed */
export function writeGenerated(root: string, manifests: ReadonlyMap<string, Declared>): string[] {
  return Object.entries(GENERATED).flatMap(([file, generate]) => {
    const path = join(root, file);
    const present = exists(path) ? readText(root, file) : '';
    const wanted = generate(present, manifests);
    if (wanted === present) return [];
    writeFileSync(path, wanted);
    return [file];
  });
}

/** What stands above the mark is written by hand and stays. */
function codeowners(present: string, manifests: ReadonlyMap<string, Declared>): string {
  const mark = present.indexOf(MARK);
  const head = mark >= 0 ? present.slice(0, mark) : present && `${present.trimEnd()}\n\n`;
  const lines = [...manifests].map(([module, { manifest }]) => `/modules/${module}/ ${manifest.owner}\n`);
  return `${head}${MARK}\n${lines.join('')}`;
}

/** Short lists on one line, as the formatter wants them. */
function schema(): string {
  const text = JSON.stringify(z.toJSONSchema(Manifest, { io: 'input' }), null, 2);
  return `${text.replace(/\[\s+((?:"[^"]*",?\s+)+)\]/g, (_, items: string) => `[${items.trim().replace(/\s+/g, ' ')}]`)}\n`;
}

function firstDifference(present: string, wanted: string): number | undefined {
  if (present === wanted) return undefined;
  const lines = present.split('\n');
  const index = wanted.split('\n').findIndex((line, at) => line !== lines[at]);
  return index < 0 ? lines.length : index + 1;
}
