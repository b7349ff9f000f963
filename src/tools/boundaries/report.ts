import type { Verdict } from './gate.js';
import { BASELINE } from './baseline.js';
import type { Violation } from './violation.js';
import { isNew } from './violation.js';

/** For people: where, which rule, what is wrong and what to do; and how much does not fail, for a reason. */
export function textReport({ violations, seen }: Verdict): string {
  const looked = `${count(seen.modules, 'module')}, ${count(seen.files, 'file')}, ${count(seen.references, 'reference')}`;
  const failing = violations.filter(isNew);
  const found = failing.map(({ file, line, rule, message }) => `${file}:${line}  ${rule}\n    ${message}\n`);
  const sum = failing.length > 0 ? `${count(failing.length, 'violation')} in ${looked}` : `boundaries hold: ${looked}`;
  return `${found.join('\n')}${found.length > 0 ? '\n' : ''}${sum}\n${excused(violations)}`;
}

function excused(violations: readonly Violation[]): string {
  const known = violations.filter((found) => found.known).length;
  const meant = violations.filter((found) => found.meant !== undefined).length;
  const left = known > 0 ? `${count(known, 'known violation')} left in ${BASELINE}\n` : '';
  return `${left}${meant > 0 ? `${count(meant, 'violation')} meant, by a comment with the reason\n` : ''}`;
}

export function jsonReport({ violations }: Verdict): string {
  return `${JSON.stringify(violations, null, 2)}\n`;
}

/** Workflow commands of GitHub, which shows them at the line in the pull request. */
export function annotations(violations: readonly Violation[]): string {
  return violations
    .filter(isNew)
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
