import { readFileSync } from 'node:fs';

export const RULES = 'deploy/observability/alerts.yml';
export const rulesText = () => readFileSync(RULES, 'utf8');

interface Dashboard {
  panels: { targets?: { expr: string }[] }[];
}

const DASHBOARDS = ['dashboard.json', 'shop.json'];

/** What the panels of the dashboards ask. */
export function queriesOf(): string[] {
  const texts = DASHBOARDS.map((name) => readFileSync(`deploy/observability/${name}`, 'utf8'));
  const panels = texts.flatMap((text) => (JSON.parse(text) as Dashboard).panels);
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}
