export * from './find-products.js';
export * from './money.js';
export * from './product-events.js';
