/** The platform's public surface: what a module may use besides `messaging/define.js`, which its contracts import. */
export type { Seed } from './bounded-context.js';
export { BoundedContext, LivesElsewhere } from './bounded-context.js';
export { defineConfig } from './configuration.js';
export type { Reply } from './transaction/message.js';
export { Freshness } from './delivery/maintenance/freshness.js';
export { Subscription } from './delivery/consumer/subscription.js';
export { Eraser } from './erasure/eraser.js';
export { Outbox } from './messaging/buses.js';
export type { MessageContext } from './messaging/context/context.js';
export { currentMessage } from './messaging/context/context.js';
export { defineCommand, defineEvent, defineQuery } from './messaging/define.js';
export { Conflict, DomainError, Forbidden, Invalid, NotFound, RetryLater, Unavailable } from './messaging/errors.js';
export { outcome } from './observability/outcomes.js';
export { Database } from './transaction/database.js';
export { isUniqueViolation } from './connection/failures.js';
export { Scheduled } from './schedules/scheduled.js';
export type { Decision } from './sagas/saga.js';
export { Saga } from './sagas/saga.js';
