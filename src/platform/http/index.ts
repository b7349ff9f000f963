/** The HTTP door: what a module's routes use. */
export { AllowRoles, Answers, currentActor, Idempotent, Operation, Public } from './decorators.js';
export { decodeCursor, encodeCursor, Page, PageQuery, Timestamp } from './paging.js';
export type { Role } from './auth/roles.js';
export { PreferredWait, Wait } from './request/wait.js';
