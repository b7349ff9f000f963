import { colour, duration, html, Html, page } from './html.js';
import type { Place, Way } from './layout.js';
import { BOX, curve, places } from './layout.js';
import type { Flow } from './traffic.js';
import { together } from './traffic.js';

export interface MapFacts {
  modules: readonly string[];
  /** From the code, whether anything goes there or not. */
  ways: readonly Way[];
  flows: readonly Flow[];
  /** Where the modules are that do not run in this process. */
  remotes: ReadonlyMap<string, string>;
  /** Milliseconds since the oldest message was said that has no effect yet, by module; null when it is not known. */
  waiting: ReadonlyMap<string, number | null>;
}

const REFRESH_S = 10;

/** The modules, what goes between them by the code, and what went there in the last minutes. */
export function mapPage(facts: MapFacts, live: boolean): string {
  const toggle = live
    ? html`<a href="/_dev?live=off">Stop loading it anew</a>`
    : html`<a href="/_dev">Load it anew every ${REFRESH_S} s</a>`;
  const body = html`<h1>Modules</h1>
    <p class="sub">
      Arrows lead where messages go, by the code: dashed for events. On them the last five minutes of this process:
      messages a second, how long the slowest of twenty took, and how old the oldest event was when it was handled.
      ${toggle}
    </p>
    <div class="card">${picture(facts)}</div>
    <h2>Seams</h2>
    ${seams(facts)}`;
  return page('Modules', '/_dev', body, live ? REFRESH_S : undefined);
}

function picture({ modules, ways, flows, remotes, waiting }: MapFacts): Html {
  const { places: found, width, height } = places(modules, ways);
  const at = new Map(found.map((place) => [place.module, place]));
  const drawn = ways.map((way) => arrow(way, at, flows));
  return html`<svg
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="Map of the modules; the table below says the same"
  >
    ${marker()} ${drawn.map(({ line }) => line)} ${found.map((place) => box(place, modules, remotes, waiting))}
    ${drawn.map(({ tag }) => tag)}
  </svg>`;
}

/** The tip of arrows. */
export const marker = () =>
  html`<defs>
    <marker
      id="tip"
      viewBox="0 0 8 8"
      refX="7"
      refY="4"
      markerWidth="8"
      markerHeight="8"
      orient="auto-start-reverse"
      markerUnits="userSpaceOnUse"
    >
      <path class="head" d="M0,0 L8,4 L0,8 z" />
    </marker>
  </defs>`;

function arrow(
  { from, to, events }: Way,
  at: ReadonlyMap<string, Place>,
  flows: readonly Flow[],
): { line: Html; tag: Html } {
  const { path, label } = curve(at.get(from)!, at.get(to)!);
  const own = flows.filter((flow) => flow.from === from && flow.to === to && isEvent(flow) === events);
  const { count, perSecond, p95, errors } = together(own);
  const state = errors > 0 ? 'failing' : count > 0 ? 'busy' : '';
  const line = html`<path class="edge ${events ? 'event' : ''} ${state}" d="${path}" marker-end="url(#tip)" />`;
  if (count === 0) return { line, tag: html`` };
  const age = events ? ` · ${duration(Math.max(0, ...own.map(({ ageMs }) => ageMs ?? 0)))} old` : '';
  const text = `${rate(perSecond)} · ${duration(p95)}${age}${errors > 0 ? ` · ${errors} failed` : ''}`;
  const width = text.length * 6.4 + 12;
  const tag = html`<g>
    <title>${from} to ${to}: ${own.map((flow) => new Html(flow.message))}</title>
    <rect class="tag" x="${label.x - width / 2}" y="${label.y - 10}" width="${width}" height="20" rx="10" />
    <text class="${errors > 0 ? 'bad' : ''}" x="${label.x}" y="${label.y + 4}" text-anchor="middle">${text}</text>
  </g>`;
  return { line, tag };
}

const isEvent = ({ kind }: Flow) => kind === 'event';
const rate = (perSecond: number) =>
  perSecond < 0.1 ? `${Math.round(perSecond * 60)}/min` : `${perSecond.toFixed(1)}/s`;

function box(
  { module, x, y }: Place,
  modules: readonly string[],
  remotes: MapFacts['remotes'],
  waiting: MapFacts['waiting'],
): Html {
  const oldest = waiting.get(module);
  const remote = remotes.get(module);
  const note = remote ?? (oldest ? `oldest waiting: ${duration(oldest)}` : 'nothing waits');
  return html`<a href="/_dev/traces?q=${module}" aria-label="Traces of ${module}">
    <rect
      class="box ${colour(module, modules).replace('c', 's')}"
      x="${x - BOX.width / 2}"
      y="${y - BOX.height / 2}"
      width="${BOX.width}"
      height="${BOX.height}"
      rx="9"
    />
    <text class="name" x="${x}" y="${y - 2}" text-anchor="middle">${module}</text>
    <text class="soft" x="${x}" y="${y + 15}" text-anchor="middle">${note}</text>
  </a>`;
}

function seams({ flows, modules }: MapFacts): Html {
  if (flows.length === 0) return html`<p class="soft">Nothing in the last five minutes. Send a request.</p>`;
  return html`<div class="card">
    <table>
      <thead>
        <tr>
          <th>From</th>
          <th>To</th>
          <th>Message</th>
          <th>Kind</th>
          <th class="n">Number</th>
          <th class="n">Rate</th>
          <th class="n">p95</th>
          <th class="n">Refused</th>
          <th class="n">Failed</th>
          <th class="n">Oldest when handled</th>
        </tr>
      </thead>
      <tbody>
        ${flows.map((flow) => row(flow, modules))}
      </tbody>
    </table>
  </div>`;
}

function row(flow: Flow, modules: readonly string[]): Html {
  const { from, to, message, kind, count, perSecond, p95, refused, errors, ageMs } = flow;
  return html`<tr>
    <td class="${colour(from, modules)}">${from}</td>
    <td class="${colour(to, modules)}">${to}</td>
    <td><code>${message}</code></td>
    <td class="soft">${kind}</td>
    <td class="n">${count}</td>
    <td class="n">${rate(perSecond)}</td>
    <td class="n">${duration(p95)}</td>
    <td class="n">${refused || '–'}</td>
    <td class="n">${errors > 0 ? html`<span class="bad">${errors}</span>` : '–'}</td>
    <td class="n">${ageMs === undefined ? '–' : duration(ageMs)}</td>
  </tr>`;
}
