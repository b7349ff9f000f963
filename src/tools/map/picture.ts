import { Graphviz } from '@hpcc-js/wasm-graphviz';
import type { MappedModule } from './atlas.js';

/** The module map for pages that draw Mermaid. An arrow leads to what the module depends on. */
export function mermaidOf(modules: readonly MappedModule[]): string {
  const arrows = modules.flatMap(({ name, dependencies }) =>
    dependencies.map(({ module, asks }) => `${node(name)} ${asks ? '-->' : '-.->'} ${node(module)}`),
  );
  const nodes = modules.map(({ name }) => `${node(name)}["${name}"]`);
  return ['flowchart TD', ...nodes, ...arrows].join('\n  ');
}

/** Not every name is one that Mermaid takes: "end" ends something. */
const node = (module: string) => `m_${module.replaceAll('-', '_')}`;

/** The same map as a picture, with what each module is there for. */
export async function svgOf(modules: readonly MappedModule[]): Promise<string> {
  const graphviz = await Graphviz.load();
  const svg = graphviz.dot(dotOf(modules), 'svg');
  return `${svg.slice(svg.indexOf('<svg')).trimEnd()}\n`;
}

/** The margin leaves room for fonts that are wider than the one that was measured. */
const STYLE = `
  graph [rankdir=TB, nodesep=0.4, ranksep=0.6, pad=0.2, bgcolor="white", fontname="Helvetica,Arial,sans-serif"];
  node [shape=Mrecord, style=filled, fillcolor="#eef3f8", color="#4a6785", fontname="Helvetica,Arial,sans-serif", fontsize=11, margin="0.4,0.1"];
  edge [color="#4a6785", arrowsize=0.8];`;

function dotOf(modules: readonly MappedModule[]): string {
  const nodes = modules.map(({ name, summary, elsewhere }) => {
    const style = elsewhere ? ', style="filled,dashed"' : '';
    return `  "${name}" [label="${label(name, summary)}"${style}];`;
  });
  const edges = modules.flatMap(({ name, dependencies }) =>
    dependencies.map(({ module, asks }) => `  "${name}" -> "${module}" [style=${asks ? 'solid' : 'dashed'}];`),
  );
  return ['digraph modules {', STYLE, ...nodes, ...edges, '}'].join('\n');
}

/** Two fields of a record: Graphviz centres them, and keeps their lines. */
function label(name: string, summary: string): string {
  const lines = wrap(summary, 34).map((line) => line.replace(/[\\{}|<>"]/g, '\\$&'));
  return `{${name}|${lines.join('\\n')}}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
