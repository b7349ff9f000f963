/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | number | undefined | readonly Html[];

/** Puts values into HTML; whatever is not HTML itself is escaped. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, n) => text + textOf(values[n - 1]) + string));
}

function textOf(value: Part): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value ?? '').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

type DevelopmentPage = '/_dev' | '/_dev/traces' | '/_dev/readiness';

/** A page that is whole in one file. */
export function standalone(title: string, style: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <main id="main">${body}</main>
      </body>
    </html>`.text;
}

/** A page of the development view. Its only other file is the style sheet. */
export function page(title: string, here: DevelopmentPage, body: Html, refreshS?: number): string {
  const link = (href: string, text: string) =>
    html`<a href="${href}" ${href === here ? new Html('aria-current="page"') : ''}>${text}</a>`;
  const refresh = refreshS ? html`<meta http-equiv="refresh" content="${refreshS}" />` : '';
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${refresh}
        <title>${title}</title>
        <link rel="stylesheet" href="/_dev/style.css" />
        <link rel="icon" href="data:," />
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
          <strong>Liftout</strong>
          <nav aria-label="Pages">
            ${[link('/_dev', 'Modules'), link('/_dev/traces', 'Traces'), link('/_dev/readiness', 'Readiness')]}
          </nav>
        </header>
        <main id="main">${body}</main>
      </body>
    </html>`.text;
}

/** `840 µs`, `12.5 ms`, `3.2 s`, `5 min`. */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 100) return `${ms.toPrecision(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

/** One of eight colours of the style sheet, always the same for a module. */
export function colour(module: string, modules: readonly string[]): string {
  const at = modules.indexOf(module);
  return at < 0 ? 'c8' : `c${at % 8}`;
}
