import type { Source } from '../source.js';
import type { Check, Scene, Visitor } from '../visitor.js';
import { ambient, contracts } from './ambient.js';
import { entities } from './entities.js';
import { environment } from './environment.js';
import { globals } from './globals.js';
import { domain, loaders } from './loaders.js';
import { loopbackTexts, routes } from './loopback.js';
import { ownNames, wireNames } from './messages.js';
import { joinedPaths, paths } from './paths.js';
import { privates } from './privates.js';
import { sqlTexts } from './sql.js';
import type { TextCheck, TextChecks } from './strings.js';
import { eachText } from './strings.js';
import { tokens } from './tokens.js';

const CHECKS: readonly Check[] = [
  ambient,
  contracts,
  domain,
  entities,
  environment,
  globals,
  joinedPaths,
  loaders,
  ownNames,
  privates,
  routes,
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
