import { realpathSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { slashes } from '../../lib/slashes.js';
import { pathFrom } from '../sources/located.js';
import type { Source } from '../sources/source.js';
import { exists } from '../modules/tree.js';
import { moduleOf } from '../violation.js';

/** Finds the file behind a specifier, for those references that dependency-cruiser does not see. */
export class Resolver {
  readonly #cache: ts.ModuleResolutionCache;
  readonly #realRoot: string;
  readonly #options: ts.CompilerOptions;

  constructor(
    private readonly root: string,
    options: ts.CompilerOptions,
  ) {
    this.#realRoot = realpathSync(root);
    // The most generous of the compiler's ways to resolve: whatever some tool might find has to be judged.
    this.#options = { ...options, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
    this.#cache = ts.createModuleResolutionCache(root, (name) => name, this.#options);
  }

  /**
   * @param from path of the file that refers to it
   * @returns the path from the root; for what does not exist, where it would lie; undefined for packages
   */
  resolve(from: string, specifier: string): string | undefined {
    const plain = specifier.replace(/[?#].*$/, '') || specifier;
    const found = this.#byCompiler(from, plain);
    if (found) return found.includes('/node_modules/') ? undefined : found;
    return this.#byPath(from, plain);
  }

  #byCompiler(from: string, specifier: string): string | undefined {
    const { resolvedModule } = ts.resolveModuleName(
      specifier,
      join(this.root, from),
      this.#options,
      ts.sys,
      this.#cache,
      undefined,
      ts.ModuleKind.ESNext,
    );
    return resolvedModule && this.#fromRoot(resolvedModule.resolvedFileName);
  }

  #byPath(from: string, specifier: string): string | undefined {
    if (specifier.startsWith('file:')) return this.#fromRoot(fileURLToPath(specifier));
    if (specifier.startsWith('/')) return this.#fromRoot(specifier);
    if (!/^\.\.?(?:\/|$)/.test(specifier)) return undefined;
    return this.#fromRoot(join(this.root, posix.join(dirname(from), specifier)));
  }

  #fromRoot(path: string): string {
    const real = exists(path) ? realpathSync(path) : path.replace(this.root, this.#realRoot);
    return slashes(relative(this.#realRoot, real));
  }
}

/** The other module that an identifier, or the namespace it is a member of, was imported from. */
export function moduleImported(source: Source, node: ts.Node): string | undefined {
  let name = node;
  while (ts.isPropertyAccessExpression(name)) name = name.expression;
  const origin = ts.isIdentifier(name) ? source.imports.get(name.text) : undefined;
  return origin && moduleReached(source, origin.specifier);
}

/** The other module that a relative specifier leads to. */
export function moduleReached(source: Source, specifier: string): string | undefined {
  const module = specifier.startsWith('.') ? moduleOf(pathFrom(source.path, specifier)) : undefined;
  return module === source.module ? undefined : module;
}
