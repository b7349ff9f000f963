import { table } from '../lib/table.js';
import type { Fact, ModuleReport, Question, State } from './fact.js';
import { WHY } from './fact.js';
import { percent } from './figures.js';
import type { Readiness } from './report.js';

export const TITLES: Readonly<Record<Question, string>> = {
  ready: 'Ready? Could it leave without harm',
  justified: 'Justified? Would anybody gain',
  cost: 'What would it cost',
};
export const MARKS: Readonly<Record<State, string>> = { fine: '✓', todo: '•', figure: ' ', missing: '?' };
const WIDTH = 100;

export const HEAD = ['module', 'to do', 'commits alone', 'most with', 'asks', 'asked by', 'owner'];

/** One line for each module. Nothing is added up: the columns are facts of different kinds. */
export function rowsOf({ modules, histories, project }: Readiness): string[][] {
  return modules.map(({ module, facts, owner }) => {
    const commits = histories.get(module)?.commits;
    const [first] = commits?.pairs ?? [];
    const asks = (from: string) =>
      new Set(
        project.modules
          .find((each) => each.module === from)!
          .entries.flatMap((entry) => entry.asks.map(({ to }) => to)),
      );
    const askers = modules.filter((each) => asks(each.module).has(module));
    return [
      module,
      String(facts.filter(({ state }) => state === 'todo').length),
      commits ? `${percent(commits.alone, commits.total)} of ${commits.total}` : '?',
      first ? `${first.module} ${percent(first.count, commits!.total)}` : commits ? '–' : '?',
      [...asks(module)].join(', ') || '–',
      askers.map((each) => each.module).join(', ') || '–',
      owner ?? 'nobody',
    ];
  });
}

/** The table of all modules, and what is missing. */
export function overview(readiness: Readiness): string {
  const missing = missingOf(readiness.modules).map(([text, remedy]) => `${MARKS.missing} ${text} ${remedy}`.trimEnd());
  const lines = [...missing, 'One module in full: npm run readiness -- MODULE'];
  return `${table(HEAD, rowsOf(readiness))}\n${lines.join('\n')}\n`;
}

/** The two pages about one module: ready, then justified and what it would cost. */
export function pages({ module, summary, owner, facts }: ModuleReport): string {
  const head = `${module}: ${summary}\nOwner: ${owner ?? 'nobody'}. Facts and where they come from; there is no score.\n`;
  const sections = (['ready', 'justified', 'cost'] as const).map((question) => section(question, facts));
  return `${head}\n${sections.join('\n')}\n${MARKS.fine} done  ${MARKS.todo} to do before it leaves  ${MARKS.missing} not known\n`;
}

function section(question: Question, all: readonly Fact[]): string {
  const facts = all.filter((fact) => fact.question === question);
  const topics = [...new Set(facts.map(({ topic }) => topic))];
  const parts = topics.map((topic) => {
    const own = facts.filter((fact) => fact.topic === topic).map(lines);
    return `${topic}\n${indented(WHY[topic], '  ')}\n${own.join('')}`;
  });
  return `${TITLES[question]}\n${'='.repeat(TITLES[question].length)}\n\n${parts.join('\n')}`;
}

function lines({ state, text, evidence, todo }: Fact): string {
  const source = evidence ? `\n${indented(`[${evidence}]`, '      ')}` : '';
  const remedy = todo ? `\n${indented(`→ ${todo}`, '      ')}` : '';
  return `  ${MARKS[state]} ${indented(text, '    ').trimStart()}${source}${remedy}\n`;
}

/** What is not known of some module, once, and what would tell. */
export function missingOf(modules: readonly ModuleReport[]): [text: string, remedy: string][] {
  const missing = modules.flatMap(({ facts }) => facts.filter(({ state }) => state === 'missing'));
  return [...new Map(missing.map(({ text, todo = '' }) => [text, todo]))];
}

/** In lines that a terminal can show, all of them moved to the right. */
function indented(text: string, by: string): string {
  const found: string[] = [];
  for (const word of text.split(' ')) {
    const last = found.at(-1);
    if (last === undefined || by.length + last.length + word.length >= WIDTH) found.push(word);
    else found[found.length - 1] = `${last} ${word}`;
  }
  return found.map((line) => by + line).join('\n');
}
