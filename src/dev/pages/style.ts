/** Light and dark by the reader's own setting; colours of modules differ in lightness too. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1d2228; --soft: #5c6670; --line: #d9dde1; --link: #0b57a4; --bad: #b3261e; --mark: #eef3f8;
  --c0: #2f6fb2; --c1: #1b7f5c; --c2: #a85a00; --c3: #7a4bb3; --c4: #b03a6b; --c5: #5d6b00; --c6: #007a8a; --c7: #8a5038; --c8: #6b7580;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --card: #1b2026; --ink: #e6e9ec; --soft: #9aa5b1; --line: #323a43; --link: #8ab8ee; --bad: #ff8a80; --mark: #242c35;
    --c0: #6aa7ea; --c1: #4fc297; --c2: #e8a14a; --c3: #b990f0; --c4: #f083ae; --c5: #b9c94f; --c6: #4fc4d4; --c7: #d39a7f; --c8: #9aa5b1;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
header { display: flex; gap: 2rem; align-items: baseline; padding: 0.9rem 1.5rem; border-bottom: 1px solid var(--line); background: var(--card); }
nav { display: flex; gap: 1.25rem; }
main { max-width: 1280px; margin: 0 auto; padding: 1.25rem 1.5rem 4rem; }
a { color: var(--link); }
nav a { text-decoration: none; padding-bottom: 2px; }
nav a[aria-current] { color: var(--ink); font-weight: 600; border-bottom: 2px solid var(--c0); }
a:focus-visible, summary:focus-visible, button:focus-visible, input:focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: 0.5rem; background: var(--card); padding: 0.25rem 0.5rem; }
h1 { font-size: 1.35rem; margin: 0.5rem 0 0.25rem; } h2 { font-size: 1.05rem; margin: 2rem 0 0.5rem; }
p.sub { margin: 0 0 1rem; color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0.5rem 1rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 0.85rem; padding: 0.45rem 0.75rem 0.45rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; } td.n, th.n { text-align: right; white-space: nowrap; }
code, .mono { font: 0.86em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.bad { color: var(--bad); font-weight: 600; } .soft { color: var(--soft); }
.chip { display: inline-block; border-radius: 999px; padding: 0 0.55rem; font-size: 0.8rem; border: 1px solid currentColor; margin-right: 0.25rem; white-space: nowrap; }
svg text { font: 12px system-ui, Roboto, Helvetica, Arial, sans-serif; fill: var(--ink); }
svg .soft { fill: var(--soft); } svg .bad { fill: var(--bad); } svg .name { font-size: 15px; font-weight: 600; }
svg .box { fill: var(--mark); stroke-width: 1.5; } svg .edge { fill: none; stroke: var(--soft); stroke-width: 1.3; opacity: 0.55; }
svg .edge.busy { stroke: var(--c0); stroke-width: 2.2; opacity: 1; } svg .edge.failing { stroke: var(--bad); stroke-width: 2.2; opacity: 1; }
.facts { list-style: none; padding: 0; margin: 0.25rem 0 0; } .facts li { display: grid; grid-template-columns: 1.25rem 1fr; padding: 0.3rem 0; }
.facts .evidence { display: block; color: var(--soft); font-size: 0.85rem; overflow-wrap: anywhere; } .facts .todo { display: block; }
h3 { font-size: 0.95rem; margin: 1.1rem 0 0; } h3 + p { margin: 0; color: var(--soft); font-size: 0.9rem; }
svg .w1 { stroke-width: 1.5; } svg .w2 { stroke-width: 3; } svg .w3 { stroke-width: 5; }
svg .event { stroke-dasharray: 6 4; } svg .tag { fill: var(--card); stroke: var(--line); } svg .head { fill: var(--soft); }
.waterfall { display: grid; gap: 1px; }
.waterfall details { border-radius: 4px; } .waterfall details[open] { background: var(--mark); }
.waterfall summary { display: grid; grid-template-columns: minmax(18rem, 5fr) 8fr 5rem; gap: 0.75rem; align-items: center; cursor: pointer; list-style: none; padding: 1px 0.25rem; }
.waterfall summary::-webkit-details-marker { display: none; } .waterfall summary:hover { background: var(--mark); }
.waterfall .label { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.waterfall svg { width: 100%; height: 16px; display: block; } .waterfall .ms { text-align: right; color: var(--soft); font-size: 0.85rem; }
.waterfall dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0.25rem 1rem 0.75rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.track { fill: var(--mark); }
${Array.from({ length: 20 }, (_, depth) => `.d${depth} { padding-left: ${depth * 0.8}rem; }`).join('\n')}
${Array.from({ length: 9 }, (_, n) => `.c${n} { color: var(--c${n}); } svg .f${n} { fill: var(--c${n}); } svg .s${n} { stroke: var(--c${n}); }`).join('\n')}
@media (max-width: 800px) { .waterfall summary { grid-template-columns: 1fr; } }
`;
