import type { Declared } from './manifest.js';
import { lineOfKey } from './manifest.js';
import type { Tree } from './tree.js';
import { exists, readText } from './tree.js';
import type { Violation } from '../violation.js';
import { moduleOf, violation } from '../violation.js';

/** A module that lives in another repository has its contracts here and nothing else, and the code knows of it as well. */
export function elsewhereViolations({ root, sources }: Tree, manifests: ReadonlyMap<string, Declared>): Violation[] {
  return [...manifests].flatMap(([module, declared]) => {
    const file = `modules/${module}/${module}.module.ts`;
    const marked = exists(`${root}/${file}`) && /@LivesElsewhere\(/.test(readText(root, file));
    if (declared.manifest.elsewhere === undefined) return marked ? [unmarked(module, declared, file)] : [];
    const allowed = (path: string) => path === file || path.startsWith(`modules/${module}/contracts/`);
    const code = sources.filter((path) => moduleOf(path) === module && !allowed(path));
    return [...(marked ? [] : [unknown(module, declared, file)]), ...code.map((path) => left(module, path))];
  });
}

function unmarked(module: string, { path }: Declared, target: string): Violation {
  const message = `${target} says that ${module} lives in another repository, but its manifest does not. Add "elsewhere" with the address of that repository, or bring the module back: npm run extract -- ${module} --back DIR.`;
  return violation({ file: path, line: 1, rule: 'lives-elsewhere', target, message });
}

function unknown(module: string, { path, text }: Declared, target: string): Violation {
  const message = `${module} lives in another repository, but ${target} has no @LivesElsewhere. Let npm run extract write it, or remove "elsewhere" here.`;
  return violation({ file: path, line: lineOfKey(text, 'elsewhere'), rule: 'lives-elsewhere', target, message });
}

function left(module: string, file: string): Violation {
  const message = `${module} lives in another repository: only its contracts may be here. Move this file there.`;
  return violation({ file, line: 1, rule: 'lives-elsewhere', target: file, message });
}
