export * from './charge-commands.js';
export * from './payment-events.js';
