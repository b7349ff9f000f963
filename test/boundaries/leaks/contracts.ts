import type { Leak } from '../leak.js';

const leak = (kind: string, code: string, more: Partial<Leak> = {}, name = kind.replace(/\W+/g, '-')): Leak => ({
  kind: `${kind} in contracts`,
  rule: 'contracts-are-plain',
  file: `modules/billing/contracts/${name}.ts`,
  code: `${code}\n`,
  ...more,
});
const EVENT = `import { z } from 'zod';\nimport { defineEvent } from '../../../src/platform/messaging/define.js';\n\n`;
const event = (body: string) =>
  `${EVENT}export class Billed extends defineEvent('billing.billed.v1', { payload: z.object({ id: z.string() }) }) {\n${body}\n}`;
const STOCK = `import { StockMoved } from '../../stock/contracts/index.js';\n\n`;

/** Code and state, handed on with what only describes. */
export const CONTRACTS: readonly Leak[] = [
  leak('a service', `export abstract class BillingReader { // leak\n  abstract read(): string;\n}`),
  leak('a function', `export function total(lines: readonly number[]): number { // leak\n  return lines.length;\n}`),
  leak('an arrow function', `export const total = (lines: readonly number[]) => lines.length; // leak`),
  leak(
    'a function under another name',
    `function total(): number { // leak\n  return 1;\n}\n\nexport { total as sum };`,
  ),
  leak('a function as the default', `export default function (): number { // leak\n  return 1;\n}`),
  leak('a function in an object', `export const tools = { total: () => 1 } as const; // leak`),
  leak('a method in an object', `export const tools = {  // leak\n  total() {\n    return 1;\n  },\n} as const;`),
  leak('what a function is called', `const sum = () => 1;\nexport const total = sum; // leak`),
  leak('a mutable object', `export const settings = { currency: 'EUR' }; // leak`),
  leak('a mutable array', `export const currencies = ['EUR']; // leak`),
  leak(
    'a mutable object inside',
    `export const settings: Readonly<Record<string, string[]>> = { currencies: ['EUR'] }; // leak`,
  ),
  leak('a mutable array of a freeze', `export const settings = Object.freeze({ currencies: ['EUR'] }); // leak`),
  leak('a mutable array that is computed', `export const codes = ['EUR'].map((code) => code.toLowerCase()); // leak`),
  leak('a mutable object by name', `const own = { count: 0 };\nexport const shared = own; // leak`),
  leak('a mutable object from a function', `const make = () => ({ count: 0 });\nexport const shared = make(); // leak`),
  leak('a mutable default', `export default { currency: 'EUR' }; // leak`),
  leak('a map', `export const cache = new Map<string, string>(); // leak`),
  leak('a set', `export const codes = new Set(['EUR']); // leak`),
  leak(
    'a map that is not exported',
    `const cache = new Map<string, string>(); // leak\nexport type Cached = typeof cache;`,
  ),
  leak('a pattern that remembers', `export const CODE = /[A-Z]{3}/g; // leak`),
  leak('a made pattern that remembers', `export const CODE = new RegExp('[A-Z]', 'y'); // leak`),
  leak('a variable', `export let current = ''; // leak`),
  leak('a token', `export const BILLING = Symbol('billing'); // leak`),
  leak('a static', event(`  static readonly cache = new Map<string, string>(); // leak`)),
  leak('a static method', event(`  static of(id: string) { // leak\n    return new Billed({ id });\n  }`)),
  leak('a method', event(`  label() { // leak\n    return 'billed';\n  }`)),
  leak('a static, added later', `${event('')}\nObject.assign(Billed, { count: 0 }); // leak`),
  leak('a namespace', `export namespace totals { // leak\n  export const all = [1];\n}`),
  leak('something done when loaded', `export const Rate = 1;\nconsole.log(Rate); // leak`),
  leak("another module's message by value", `${STOCK}export const Moved = StockMoved; // leak`),
  leak(
    "another module's message of a namespace",
    `import * as stock from '../../stock/contracts/index.js';\n\nexport const Moved = stock.StockMoved; // leak`,
  ),
  leak("another module's message by type", `${STOCK}export type Moved = StockMoved; // leak`),
  leak("another module's message as the default", `${STOCK}export default StockMoved; // leak`),
];
