import type { Source } from '../source.js';
import type { Check, Scene, Visitor } from '../visitor.js';
import { ambient } from './ambient.js';
import { container } from './container.js';
import { contracts } from './contracts.js';
import { entities } from './entities.js';
import { environment } from './environment.js';
import { globals } from './globals.js';
import { domain, loaders } from './loaders.js';
import { calledRoutes, loopbackTexts } from './loopback.js';
import { ownNames, wireNames } from './messages.js';
import { openedPaths, paths } from './paths.js';
import { privates } from './privates.js';
import { publishing } from './publishing.js';
import { routes } from './routes.js';
import { settings } from './settings.js';
import { sqlCalls, sqlTexts } from './sql.js';
import type { TextCheck, TextChecks } from './strings.js';
import { eachText } from './strings.js';
import { tokens } from './tokens.js';

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
