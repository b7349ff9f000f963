import { existsSync, readFileSync } from 'node:fs';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Options } from '@swc/core';
import { transformSync } from '@swc/core';

/** The folder of what is built. */
const BUILT = new URL('../../', import.meta.url).href;
const config = new URL('../jest.config.js', BUILT).href;
const { default: jest } = (await import(config)) as { default: { transform: Record<string, [string, Options]> } };
/** Generators read modules as specs do. */
const [, options] = Object.values(jest.transform)[0]!;

/**
 * Hooks of Node's `register`: what is imported as `modules.js?sources=…` is read with all of `modules/` from the sources as
 * they are, whatever was built of them. A new number reads them anew. Types are not looked at.
 */
export const resolve: ResolveHook = (specifier, context, next) => {
  if (!specifier.startsWith('.') || context.parentURL === undefined) return next(specifier, context);
  const url = new URL(specifier, context.parentURL);
  url.search ||= new URL(context.parentURL).search;
  return sourceOf(url) ? { url: url.href, format: 'module', shortCircuit: true } : next(specifier, context);
};

export const load: LoadHook = (url, context, next) => {
  const source = sourceOf(new URL(url));
  if (!source) return next(url, context);
  const filename = fileURLToPath(source);
  try {
    const { code } = transformSync(readFileSync(source, 'utf8'), { ...options, filename, swcrc: false });
    return { source: code, format: 'module', shortCircuit: true };
  } catch (error) {
    throw unreadable(url, (error as Error).message);
  }
};

/** Names the file that is wrong as the place, and says what the compiler does without its own stack. */
function unreadable(url: string, message: string): Error {
  const error = new Error(message.split('\nCaused by:')[0]!.trim());
  error.stack = `${error.message}\n    at ${url}`;
  return error;
}

/** What stands for a module's built file, if its sources are asked for. */
function sourceOf({ href, search }: URL): URL | undefined {
  if (!search.startsWith('?sources=') || !href.startsWith(BUILT)) return undefined;
  const [, path] = /^(modules\/.*|src\/modules)\.js\?/.exec(href.slice(BUILT.length)) ?? [];
  const source = path === undefined ? undefined : new URL(`../${path}.ts`, BUILT);
  return source && existsSync(source) ? source : undefined;
}
