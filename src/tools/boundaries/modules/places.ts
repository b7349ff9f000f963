import type { Tree } from './tree.js';
import { exists, NONE_YET } from './tree.js';
import type { Violation } from '../violation.js';
import { violation } from '../violation.js';

/** Files that lie where no module answers for them, or where nothing is checked. */
export function placeViolations({ root, modules, sources, leavingLinks, nestedPackages }: Tree): Violation[] {
  return [
    ...sources.filter((path) => /^modules\/[^/]+$/.test(path)).map(stray),
    ...leavingLinks.map(({ path, target }) => link(path, target)),
    ...nestedPackages.map(nested),
    ...(modules.length > 0 && exists(`${root}/${NONE_YET}`) ? [outlived()] : []),
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

/** It would one day let a tree pass whose modules are not found. */
function outlived(): Violation {
  const message = 'It says that there are no modules, but there are. Remove it.';
  return violation({ file: NONE_YET, line: 1, rule: 'none-yet', target: NONE_YET, message });
}
