import type { Tree } from './tree.js';
import type { Violation } from './violation.js';
import { violation } from './violation.js';

/** Files that lie where no module answers for them, or where nothing is checked. */
export function placeViolations({ sources, leavingLinks, nestedPackages }: Tree): Violation[] {
  return [
    ...sources.filter((path) => /^modules\/[^/]+$/.test(path)).map(stray),
    ...leavingLinks.map(({ path, target }) => link(path, target)),
    ...nestedPackages.map(nested),
  ];
}

function stray(file: string): Violation {
  const message =
    'This file belongs to no module, and so to nobody. Move it into one; what several modules need is a contract, or part of the platform.';
  return violation({ file, line: 1, rule: 'stray-file', target: file, message });
}

function link(file: string, target: string): Violation {
  const message = `This link leads to ${target}. A module has its own files: import the contracts of the other, or copy what you need.`;
  return violation({ file, line: 1, rule: 'link-out', target, message });
}

function nested(file: string): Violation {
  const message =
    'Code in here is not checked. Add packages to the package.json of the project, and remove this folder.';
  return violation({ file, line: 1, rule: 'nested-packages', target: file, message });
}
