import { SpanKind } from '@opentelemetry/api';
import type { Html } from './html.js';
import { colour, duration, html, page } from './html.js';
import type { KeptSpan, KeptTrace } from './trace-store.js';
import { clock, summaryOf, treeOf } from './traces-page.js';

/** One trace: its waterfall, its messages, and what was logged in it. */
export function tracePage(trace: KeptTrace, modules: readonly string[]): string {
  const summary = summaryOf(trace);
  const rows = treeOf(trace.spans).map((each) => spanRow(each, summary, modules));
  const own = summary.modules.map((module) => html`<span class="chip ${colour(module, modules)}">${module}</span>`);
  const body = html`<h1>${summary.name}</h1>
    <p class="sub">
      <code>${trace.traceId}</code> · ${clock(summary.start)} UTC · ${duration(summary.ms)} · ${summary.spans} spans
      ${summary.failed > 0 ? html`· <span class="bad">${summary.failed} failed</span>` : ''}
    </p>
    <p>${own}</p>
    <h2>Waterfall</h2>
    <div class="card waterfall">${rows}</div>
    ${messages(trace, modules)} ${lines(trace, modules)}`;
  return page(`${summary.name} – trace`, '/_dev/traces', body);
}

function spanRow(
  { span, depth }: { span: KeptSpan; depth: number },
  { start, ms }: { start: number; ms: number },
  modules: readonly string[],
): Html {
  const whole = Math.max(ms, 0.001);
  const x = Math.min(99.6, Math.max(0, ((span.start - start) / whole) * 100));
  const width = Math.min(100 - x, Math.max(0.4, (span.ms / whole) * 100));
  const paint = colour(span.module, modules);
  const label = html`<span class="${paint}">●</span>
    <span class="${span.failed === undefined ? '' : 'bad'}">${span.name}</span>
    <span class="soft">${span.module}</span>`;
  return html`<details>
    <summary>
      <span class="label d${Math.min(depth, 19)}" title="${span.name} (${span.module})">${label}</span>
      <svg aria-hidden="true">
        <rect class="track" x="0" y="7" width="100%" height="2" />
        <rect
          class="${paint.replace('c', 'f')}"
          x="${x.toFixed(2)}%"
          y="3"
          width="${width.toFixed(2)}%"
          height="10"
          rx="2"
        />
      </svg>
      <span class="ms">${duration(span.ms)}</span>
    </summary>
    <dl>
      ${fact('began', `${clock(span.start)}, ${duration(Math.max(0, span.start - start))} after the first`)}
      ${
        span.failed === undefined
          ? ''
          : html`<dt class="bad">failed</dt>
              <dd class="bad">${span.failed}</dd>`
      }
      ${Object.entries(span.attributes).map(([name, value]) => fact(name, String(value)))}
      ${span.links.map(
        (link) =>
          html`<dt>linked to</dt>
            <dd><a href="/_dev/traces/${link}">${link}</a></dd>`,
      )}
    </dl>
  </details>`;
}

const fact = (name: string, value: string) =>
  html`<dt>${name}</dt>
    <dd class="mono">${value}</dd>`;

/** What was said, and every attempt to handle it. */
function messages({ spans }: KeptTrace, modules: readonly string[]): Html {
  const said = spans.filter(({ kind }) => kind === SpanKind.PRODUCER).sort((a, b) => a.start - b.start);
  if (said.length === 0) return html``;
  const rows = said.map((span) => {
    const attempts = spans.filter(({ kind, parentId }) => kind === SpanKind.CONSUMER && parentId === span.spanId);
    return html`<tr>
      <td class="mono">${clock(span.start)}</td>
      <td><code>${String(span.attributes['liftout.message'])}</code></td>
      <td class="${colour(span.module, modules)}">${span.module}</td>
      <td>
        ${attempts.length === 0 ? html`<span class="soft">nobody yet</span>` : attempts.map((each) => attempt(each, span))}
      </td>
      <td class="mono soft">${String(span.attributes['messaging.message.id'])}</td>
    </tr>`;
  });
  return html`<h2>Messages</h2>
    <div class="card">
      <table>
        <thead>
          <tr>
            <th>Said</th>
            <th>Message</th>
            <th>By</th>
            <th>Handled by, after</th>
            <th>Id</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>`;
}

function attempt(span: KeptSpan, said: KeptSpan): Html {
  const consumer = String(span.attributes['messaging.consumer.group.name']);
  const failed = span.failed === undefined ? '' : html` <span class="bad">failed</span>`;
  return html`<div>
    ${consumer} <span class="soft">${duration(Math.max(0, span.start - said.start))}</span>${failed}
  </div>`;
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

function lines({ lines: logged }: KeptTrace, modules: readonly string[]): Html {
  if (logged.length === 0) return html``;
  const rows = logged.map(({ at, level, message, fields }) => {
    const { module } = fields as { module?: string };
    return html`<tr>
      <td class="mono">${clock(at)}</td>
      <td class="${level >= 40 ? 'bad' : 'soft'}">${LEVELS[level] ?? level}</td>
      <td>${message} ${module ? html`<span class="${colour(module, modules)}">${module}</span>` : ''}</td>
      <td class="mono soft">${JSON.stringify(fields)}</td>
    </tr>`;
  });
  return html`<h2>Log</h2>
    <div class="card">
      <table>
        <thead>
          <tr>
            <th>At</th>
            <th>Level</th>
            <th>Line</th>
            <th>Fields</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>`;
}
