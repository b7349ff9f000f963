import type { Report } from './check.js';
import type { Finding } from './finding.js';

const TITLES: Readonly<Record<Finding['level'], string>> = {
  breaking: 'breaking change',
  warning: 'change that nobody depends on',
  drift: 'out of date',
  wrong: 'wrong contract',
};

const failing = ({ findings }: Report) => findings.filter(({ level }) => level !== 'warning').length;

export const passes = (report: Report) => failing(report) === 0;

/** For people, and for GitHub where it runs there. */
export function textOf(report: Report): string {
  const seen = `${report.messages} messages of ${report.modules} modules`;
  const drafts = report.drafts > 0 ? `${report.drafts} of them drafts, ` : '';
  const end = passes(report) ? 'no breaking changes' : `${failing(report)} to mend`;
  return [...report.findings.map(describe), `contracts: ${seen}, ${drafts}${end}`].map((line) => `${line}\n`).join('');
}

function describe(finding: Finding): string {
  const { level, file, message, field, what, breaks, todo } = finding;
  const sentence = [message && (field ? `${message}: ${field}` : message), what].filter(Boolean).join(' ');
  const lines = [`${file}  ${TITLES[level]}`, `  ${sentence}.`];
  if (level === 'breaking') lines.push(`  Breaks ${breaks.join(', ')}.`);
  lines.push(`  → ${todo}`);
  if (process.env['GITHUB_ACTIONS'] === 'true') lines.push(annotation(level, file, `${sentence}. ${todo}`));
  return lines.join('\n');
}

/** @see https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions */
const annotation = (level: Finding['level'], file: string, text: string) =>
  `::${level === 'warning' ? 'warning' : 'error'} file=${file}::${text.replaceAll('\n', '%0A')}`;
