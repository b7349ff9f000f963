import type { Source } from '../sources/source.js';
import type { Check, Scene, Visitor } from '../sources/visitor.js';
import { ambient } from './ambient.js';
import { container } from './nest/container.js';
import { contracts } from './contracts.js';
import { entities } from './data/entities.js';
import { environment } from './environment.js';
import { globals } from './globals.js';
import { domain, loaders } from './loaders.js';
import { calledRoutes, loopbackTexts } from './loopback.js';
import { ownNames, wireNames } from './nest/messages.js';
import { openedPaths, paths } from './paths.js';
import { privates } from './nest/privates.js';
import { publishing } from './nest/publishing.js';
import { routes } from './nest/routes.js';
import { settings } from './settings.js';
import { sqlCalls, sqlTexts } from './data/sql.js';
import type { TextCheck, TextChecks } from './strings.js';
import { eachText } from './strings.js';
import { tokens } from './nest/tokens.js';

const CHECKS: readonly Check[] = [
  ambient,
  calledRoutes,
  container,
  contracts,
  domain,
  entities,
  environment,
  globals,
  loaders,
  openedPaths,
  ownNames,
  privates,
  publishing,
  routes,
  settings,
  sqlCalls,
  tokens,
];
const TEXT_CHECKS: readonly TextChecks[] = [loopbackTexts, paths, sqlTexts, wireNames];

/** Everything that no import shows, for one file. */
export function visitorsFor(source: Source, scene: Scene): Visitor[] {
  const texts = TEXT_CHECKS.map((check) => check(source, scene)).filter(
    (check): check is TextCheck => check !== undefined,
  );
  const visitors = CHECKS.map((check) => check(source, scene)).filter(
    (visitor): visitor is Visitor => visitor !== undefined,
  );
  return texts.length > 0 ? [...visitors, eachText(texts)] : visitors;
}
