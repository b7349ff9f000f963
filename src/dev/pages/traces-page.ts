import type { Html } from './html.js';
import { colour, duration, html, page } from './html.js';
import type { KeptSpan, KeptTrace } from './trace-store.js';

/** What the list says of a trace. */
interface Summary {
  traceId: string;
  name: string;
  start: number;
  ms: number;
  spans: number;
  failed: number;
  modules: string[];
}

export function summaryOf({ traceId, spans }: KeptTrace): Summary {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const first = spans.toSorted((a, b) => a.start - b.start);
  const root = first.find(({ parentId }) => parentId === undefined || !ids.has(parentId)) ?? first[0]!;
  const end = Math.max(...spans.map(({ start, ms }) => start + ms));
  return {
    traceId,
    name: root.name,
    start: root.start,
    ms: end - root.start,
    spans: spans.length,
    failed: spans.filter((span) => span.failed !== undefined).length,
    modules: [...new Set(spans.map(({ module }) => module))].filter((module) => module !== 'http'),
  };
}

/** Those in which a part of a name, module or id occurs; what a saga is about is one of the ids. */
export function matching(traces: readonly KeptTrace[], search: string): KeptTrace[] {
  return traces.filter(({ traceId, spans }) => {
    const texts = spans.flatMap(({ name, module, attributes }) => [name, module, attributes['liftout.saga.instance']]);
    return [traceId, ...texts].some((text) => typeof text === 'string' && text.includes(search));
  });
}

/** The latest traces that match a search. */
export function tracesPage(traces: readonly KeptTrace[], modules: readonly string[], search: string): string {
  const wanted = matching(traces, search).map(summaryOf);
  const body = html`<h1>Traces</h1>
    <p class="sub">The last ${traces.length} of this process, in its memory only. Newest first.</p>
    <form action="/_dev/traces">
      <label>Name, module, trace, or what a saga is about: <input name="q" value="${search}" /></label>
      <button>Find</button>
    </form>
    <h2>${wanted.length === traces.length ? 'All' : `${wanted.length} found`}</h2>
    <div class="card">
      ${
        wanted.length === 0
          ? html`<p class="soft">None yet. Send a request, then load this page again.</p>`
          : html`<table>
              <thead>
                <tr>
                  <th>Began</th>
                  <th>What</th>
                  <th class="n">Took</th>
                  <th class="n">Spans</th>
                  <th class="n">Failed</th>
                  <th>Modules</th>
                </tr>
              </thead>
              <tbody>
                ${wanted.map((each) => row(each, modules))}
              </tbody>
            </table>`
      }
    </div>`;
  return page('Traces', '/_dev/traces', body);
}

function row({ traceId, name, start, ms, spans, failed, modules: own }: Summary, modules: readonly string[]): Html {
  return html`<tr>
    <td class="mono">${clock(start)}</td>
    <td><a href="/_dev/traces/${traceId}">${name}</a></td>
    <td class="n">${duration(ms)}</td>
    <td class="n">${spans}</td>
    <td class="n">${failed > 0 ? html`<span class="bad">${failed}</span>` : html`<span class="soft">–</span>`}</td>
    <td>${own.map((module) => html`<span class="chip ${colour(module, modules)}">${module}</span>`)}</td>
  </tr>`;
}

export const clock = (at: number) => new Date(at).toISOString().slice(11, 23);

/** The spans in the order of their tree, and how deep each is; those whose parent is elsewhere are at the top. */
export function treeOf(spans: readonly KeptSpan[]): { span: KeptSpan; depth: number }[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const below = new Map<string, KeptSpan[]>();
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const parent = span.parentId !== undefined && ids.has(span.parentId) ? span.parentId : '';
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const walk = (parent: string, depth: number): { span: KeptSpan; depth: number }[] =>
    (below.get(parent) ?? []).flatMap((span) => [{ span, depth }, ...walk(span.spanId, depth + 1)]);
  return walk('', 0);
}
