import type { Html } from '../../dev/pages/html.js';
import { html, standalone } from '../../dev/pages/html.js';
import { STYLE } from '../../dev/pages/style.js';
import type { Fact, ModuleReport, Question } from './fact.js';
import { WHY } from './fact.js';
import type { Readiness } from './report.js';
import { HEAD, MARKS, missingOf, rowsOf, TITLES } from './text.js';

const SAID = { fine: 'done', todo: 'to do', figure: 'to weigh', missing: 'not known' } as const;

/** A table of all modules. @param linkTo where each is told in full */
export function overviewHtml(readiness: Readiness, linkTo: (module: string) => string): Html {
  const rows = rowsOf(readiness).map(
    ([module, ...cells]) =>
      html`<tr>
        <td><a href="${linkTo(module!)}">${module}</a></td>
        ${cells.map((cell) => html`<td>${cell}</td>`)}
      </tr>`,
  );
  const missing = missingOf(readiness.modules).map(
    ([text, remedy]) => html`<li><span>${MARKS.missing}</span><span>${text} ${remedy}</span></li>`,
  );
  return html`<h2>All modules</h2>
    <div class="card">
      <table>
        <thead>
          <tr>
            ${HEAD.map((each) => html`<th>${each}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <ul class="facts">
      ${missing}
    </ul>`;
}

/** What is known of one module. */
export function moduleHtml({ module, summary, owner, facts }: ModuleReport): Html {
  const sections = (['ready', 'justified', 'cost'] as const).map((question) => section(question, facts));
  return html`<h2 id="${module}">${module}</h2>
    <p class="sub">${summary} Owner: ${owner ?? 'nobody'}.</p>
    ${sections}`;
}

function section(question: Question, all: readonly Fact[]): Html {
  const facts = all.filter((fact) => fact.question === question);
  const topics = [...new Set(facts.map(({ topic }) => topic))];
  const parts = topics.map((topic) => {
    const own = facts.filter((fact) => fact.topic === topic).map(item);
    return html`<h3>${topic}</h3>
      <p>${WHY[topic]}</p>
      <ul class="facts">
        ${own}
      </ul>`;
  });
  return html`<section>
    <h2>${TITLES[question]}</h2>
    <div class="card">${parts}</div>
  </section>`;
}

function item({ state, text, evidence, todo }: Fact): Html {
  const source = evidence ? html`<span class="evidence">${evidence}</span>` : html``;
  const remedy = todo ? html`<strong class="todo">→ ${todo}</strong>` : html``;
  return html`<li>
    <span title="${SAID[state]}" aria-label="${SAID[state]}" role="img">${MARKS[state]}</span>
    <span>${text} ${source} ${remedy}</span>
  </li>`;
}

/** All of it in one file, which needs nothing else. */
export function fileHtml(readiness: Readiness, modules: readonly ModuleReport[]): string {
  const title = modules.length === 1 ? `Readiness of ${modules[0]!.module}` : 'Readiness';
  const body = html`<h1>${title}</h1>
    <p class="sub">Facts and where they come from; there is no score.</p>
    ${modules.length === 1 ? html`` : overviewHtml(readiness, (module) => `#${module}`)} ${modules.map(moduleHtml)}`;
  return standalone(title, STYLE, body);
}
