export * from './stock-changed.js';
export * from './stock-commands.js';
export * from './stock-ran-low.js';
