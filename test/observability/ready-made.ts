import { readFileSync } from 'node:fs';

export const RULES = 'deploy/observability/alerts.yml';
export const rulesText = () => readFileSync(RULES, 'utf8');

interface Dashboard {
  panels: { targets?: { expr: string }[] }[];
}

/** What the panels of the dashboard ask. */
export function queriesOf(): string[] {
  const { panels } = JSON.parse(readFileSync('deploy/observability/dashboard.json', 'utf8')) as Dashboard;
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}
