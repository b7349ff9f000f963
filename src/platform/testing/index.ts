/** What specs may use of the platform, besides what modules may. */
export { createDatabase, dropDatabase, testDatabase } from './database.js';
export { eventually } from './eventually.js';
export type { Scenario } from './scenario.js';
export { scenario } from './scenario.js';
