import { readdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { formatted } from '../generate/changes.js';
import { local } from '../generate/templates/place.js';
import { slashes } from '../lib/slashes.js';
import { readText } from './modules/tree.js';

/**
 * Has the specs of `from` play `to` as well: a module does not start without those whose events it hears. A spec that
 * imports their contracts already is left as it is.
 *
 * @returns the files that changed
 */
export async function playNeighbour(root: string, from: string, to: string): Promise<string[]> {
  const folder = `modules/${from}`;
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
  const changed: string[] = [];
  for (const path of files.map((file) => `${folder}/${slashes(file)}`)) {
    if (!path.endsWith('.spec.ts')) continue;
    const text = readText(root, path);
    const next = withNeighbour(text, to, posix.relative(posix.dirname(path), `modules/${to}/contracts/index.js`));
    if (next === text) continue;
    writeFileSync(join(root, path), await formatted(root, path, next));
    changed.push(path);
  }
  return changed;
}

function withNeighbour(text: string, to: string, contracts: string): string {
  if (text.includes(`'${contracts}'`)) return text;
  const played = text
    .replace(/\bscenario\((\w+)\)/g, 'scenario($1, { neighbours: [] })')
    .replace(/\bscenario\((\w+), \{ (?!neighbours:)/g, 'scenario($1, { neighbours: [], ')
    .replace(/\bscenario\((\w+), \{ neighbours: \[([^\]]*)\]/g, (_, module: string, others: string) => {
      const all = [others, local(to)].filter((each) => each.trim() !== '');
      return `scenario(${module}, { neighbours: [${all.join(', ')}]`;
    });
  if (played === text) return text;
  const line = `import * as ${local(to)} from '${contracts}';\n`;
  return played.replace(/^import [^;]*? from '\.\//m, (first) => line + first);
}
