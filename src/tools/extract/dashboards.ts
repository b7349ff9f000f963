import type { Draft } from './files.js';

const DASHBOARD = /^deploy\/observability\/[^/]+\.json$/;
const NUMBER = /\b\w+_business_\w+\b/g;

interface Panel {
  type: string;
}

/**
 * Leaves out of the dashboards what shows only numbers that nobody has here, and of the alerts none: those are of the
 * platform, or stand between marks.
 *
 * @param has whether a module of this repository counts that
 */
export function fitDashboards(draft: Draft, has: (metric: string) => boolean): void {
  draft.change(DASHBOARD, (text) => {
    const dashboard = JSON.parse(text) as { panels?: Panel[] };
    const { panels = [] } = dashboard;
    const shown = panels.filter((panel) => isShown(panel, has));
    if (shown.length === panels.length) return text;
    if (shown.every(({ type }) => type === 'row')) return undefined;
    return `${JSON.stringify({ ...dashboard, panels: shown }, null, 2)}\n`;
  });
}

function isShown(panel: Panel, has: (metric: string) => boolean): boolean {
  const metrics = JSON.stringify(panel).match(NUMBER) ?? [];
  return metrics.length === 0 || metrics.some(has);
}
