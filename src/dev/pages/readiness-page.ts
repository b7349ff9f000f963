import { readTrace } from '../forecast/critical-path.js';
import type { TraceReading } from '../forecast/critical-path.js';
import { forecastOf, outside } from '../forecast/forecast.js';
import type { SeamCost } from '../forecast/price.js';
import { SEAM_COST } from '../forecast/price.js';
import type { SeamUse } from '../forecast/trace-tree.js';
import { colour, duration, html, Html, page } from './html.js';
import type { MapFacts } from './map-page.js';
import { marker } from './map-page.js';
import type { Place, Way } from './layout.js';
import { BOX, curve, places } from './layout.js';
import type { KeptTrace } from './trace-store.js';

/** What the shell around the platform knows of readiness. */
export interface ReadinessView {
  /** What is known of all modules, or of one: of the sources, of git, of these traces. @throws where they cannot be read */
  report(module: string | undefined): Promise<Html>;
  /** What a seam costs, where it was measured. */
  cost(): SeamCost | undefined;
}

type ReadinessFacts = Pick<MapFacts, 'modules' | 'ways'> & { traces: readonly KeptTrace[] };

/** Whether modules should leave: the map with the weight of each arrow, and what is known of all of them, or of one. */
export async function readinessPage(
  { modules, ways, traces }: ReadinessFacts,
  view: ReadinessView,
  chosen: string | undefined,
): Promise<string> {
  const readings = traces.map(readTrace);
  const cost = view.cost();
  const report = await view
    .report(chosen)
    .catch((error: Error) => html`<p class="soft">The sources cannot be read here: ${error.message}</p>`);
  const title = chosen === undefined ? 'Readiness' : `Readiness of ${chosen}`;
  const body = html`<h1>${title}</h1>
    <p class="sub">
      Facts and where they come from; there is no score. On the arrows: messages for each request of the last traces of
      this process, and how much longer each request would wait there in all if the two modules were in processes of
      their own.
    </p>
    <div class="card">${picture(modules, ways, readings, cost)}</div>
    ${cost ? split(modules, readings, cost, chosen) : unmeasured()} ${report}`;
  return page(title, '/_dev/readiness', body);
}

interface Weight {
  messages: number;
  /** Absent where it was never measured what a seam costs. */
  addedMs: number | undefined;
}

function picture(
  modules: readonly string[],
  ways: readonly Way[],
  readings: readonly TraceReading[],
  cost: SeamCost | undefined,
): Html {
  const { places: found, width, height } = places(modules, ways);
  const at = new Map(found.map((place) => [place.module, place]));
  const drawn = ways.map((way) => arrow(way, at, weightOf(way, readings, cost)));
  return html`<svg
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="Map of the modules; the tables below say the same"
  >
    ${marker()} ${drawn.map(({ line }) => line)} ${found.map((place) => box(place, modules))}
    ${drawn.map(({ tag }) => tag)}
  </svg>`;
}

function weightOf({ from, to, events }: Way, readings: readonly TraceReading[], cost: SeamCost | undefined): Weight {
  const requests = Math.max(
    1,
    readings.flatMap(({ journeys }) => journeys.filter(({ kind }) => kind === 'route')).length,
  );
  // The answer to a durable command belongs to the arrow of the command.
  const isOwn = ({ kind, message, ...use }: SeamUse) => {
    const answers = message.endsWith('.reply');
    if (events) return use.from === from && use.to === to && kind === 'message' && !answers;
    return answers ? use.from === to && use.to === from : use.from === from && use.to === to;
  };
  const waited = readings.flatMap(({ journeys }) =>
    journeys.flatMap(({ kind, seams }) => (kind === 'route' ? seams : [])),
  );
  const addedMs = cost && waited.filter(isOwn).reduce((sum, { kind }) => sum + cost[kind].p50, 0) / requests;
  return {
    messages: readings.flatMap(({ uses }) => uses.filter(isOwn)).length / requests,
    addedMs,
  };
}

function arrow(
  { from, to, events }: Way,
  at: ReadonlyMap<string, Place>,
  { messages, addedMs }: Weight,
): { line: Html; tag: Html } {
  const { path, label } = curve(at.get(from)!, at.get(to)!);
  const weight = messages === 0 ? '' : messages < 0.5 ? 'busy w1' : messages < 2 ? 'busy w2' : 'busy w3';
  const line = html`<path class="edge ${events ? 'event' : ''} ${weight}" d="${path}" marker-end="url(#tip)" />`;
  if (messages === 0) return { line, tag: html`` };
  const text = addedMs === undefined ? messages.toFixed(1) : `${messages.toFixed(1)} · + ${duration(addedMs)}`;
  const width = text.length * 6.4 + 12;
  const tag = html`<g>
    <title>${from} to ${to}</title>
    <rect class="tag" x="${label.x - width / 2}" y="${label.y - 10}" width="${width}" height="20" rx="10" />
    <text x="${label.x}" y="${label.y + 4}" text-anchor="middle">${text}</text>
  </g>`;
  return { line, tag };
}

function box({ module, x, y }: Place, modules: readonly string[]): Html {
  return html`<a href="/_dev/readiness?module=${module}" aria-label="Readiness of ${module}">
    <rect
      class="box ${colour(module, modules).replace('c', 's')}"
      x="${x - BOX.width / 2}"
      y="${y - BOX.height / 2}"
      width="${BOX.width}"
      height="${BOX.height}"
      rx="9"
    />
    <text class="name" x="${x}" y="${y + 5}" text-anchor="middle">${module}</text>
  </a>`;
}

/** What would happen to each route and saga, if a module, or each of them, had a process of its own. */
function split(
  modules: readonly string[],
  readings: readonly TraceReading[],
  cost: SeamCost,
  chosen: string | undefined,
): Html {
  const each = chosen === undefined ? [...modules] : [chosen];
  const forecasts = each.map((module) => forecastOf(readings, outside(modules, [module]), cost));
  const names = [...new Set(forecasts.flatMap(({ journeys }) => journeys.map(({ name }) => name)))];
  if (names.length === 0)
    return html`<p class="soft">No request was traced yet. Send one, then load this page again.</p>`;
  const added = (at: number, name: string) => forecasts[at]!.journeys.find((journey) => journey.name === name)!;
  const cell = (ms: number) => (ms > 0 ? `+ ${duration(ms)}` : '–');
  return html`<h2>What it would cost</h2>
    <p class="sub">
      The middle of each route and saga, and what would be added if only that module were outside (${cost.machine},
      measured ${cost.at.slice(0, 10)}).
    </p>
    <div class="card">
      <table>
        <thead>
          <tr>
            <th>Route or saga</th>
            <th class="n">p50 now</th>
            ${each.map((module) => html`<th class="n">${module} outside</th>`)}
          </tr>
        </thead>
        <tbody>
          ${names.map(
            (name) =>
              html`<tr>
                <td>${name}</td>
                <td class="n">${duration(added(0, name).now.p50)}</td>
                ${each.map((_, at) => html`<td class="n">${cell(added(at, name).added.p50)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

const unmeasured = () =>
  html`<p class="soft">Nobody has measured what a seam costs here: npm run bench -- topology writes ${SEAM_COST}.</p>`;
