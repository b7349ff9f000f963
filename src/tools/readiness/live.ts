import type { Type } from '@nestjs/common';
import type { Html } from '../../dev/pages/html.js';
import type { KeptTrace } from '../../dev/pages/trace-store.js';
import { moduleHtml, overviewHtml } from './html.js';
import type { Basis } from './report.js';
import { readBasis, readinessOf } from './report.js';

/** For so long the sources and git are not read again. */
const KEPT_MS = 60_000;
let kept: { at: number; basis: Promise<Basis> } | undefined;

/** What the development view tells of all modules, or of one, with the traces that this process has. */
export async function liveReport(
  types: readonly Type[],
  traces: readonly KeptTrace[],
  module: string | undefined,
): Promise<Html> {
  const now = Date.now();
  if (!kept || now - kept.at > KEPT_MS) kept = { at: now, basis: readBasis({ root: process.cwd(), types, now }) };
  const { basis } = kept;
  basis.catch(() => (kept = undefined));
  const recorded = traces.length > 0 ? { from: 'this process', traces } : undefined;
  const readiness = readinessOf(await basis, { traces: recorded, now });
  const own = readiness.modules.find((each) => each.module === module);
  return own ? moduleHtml(own) : overviewHtml(readiness, (name) => `/_dev/readiness?module=${name}`);
}
