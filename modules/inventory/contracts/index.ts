export * from './stock-changed.js';
export * from './stock-commands.js';
