import type { Verdict } from './gate.js';
import type { Violation } from './violation.js';

/** For people: where, which rule, what is wrong and what to do. */
export function textReport({ violations, seen }: Verdict): string {
  const looked = `${count(seen.modules, 'module')}, ${count(seen.files, 'file')}, ${count(seen.references, 'reference')}`;
  if (violations.length === 0) return `boundaries hold: ${looked}\n`;
  const found = violations.map(({ file, line, rule, message }) => `${file}:${line}  ${rule}\n    ${message}\n`);
  return `${found.join('\n')}\n${count(violations.length, 'violation')} in ${looked}\n`;
}

export function jsonReport({ violations }: Verdict): string {
  return `${JSON.stringify(violations, null, 2)}\n`;
}

/** Workflow commands of GitHub, which shows them at the line in the pull request. */
export function annotations(violations: readonly Violation[]): string {
  return violations
    .map(
      ({ file, line, rule, message }) =>
        `::error file=${property(file)},line=${line},title=${property(rule)}::${data(message)}\n`,
    )
    .join('');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
