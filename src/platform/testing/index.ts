/** What specs may use of the platform, besides what modules may. */
export type { TestDatabase } from './database.js';
export { createDatabase, dropDatabase, testDatabase } from './database.js';
export { containerLeaks } from './gates/container-check.js';
export { databaseLeaks } from './gates/database-check.js';
export { entityDrifts } from './gates/entities-check.js';
export { eventually } from './eventually.js';
export { metadataLeaks } from './gates/metadata-check.js';
export type { Expectation } from './pacts/expectations.js';
export { EXPECTATIONS } from './pacts/expectations.js';
export type { Given, PactStates } from './pacts/states.js';
export { OPERATOR, OUTSIDER, rolesOf } from './roles.js';
export type { Scenario } from './scenario.js';
export { scenario } from './scenario.js';
export { wiringProblems } from './wiring.js';
