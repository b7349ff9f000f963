import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { contextOptions } from '../../platform/bounded-context.js';
import { writeGenerated } from '../boundaries/codeowners.js';
import { readManifests } from '../boundaries/manifest.js';
import { readTree } from '../boundaries/tree.js';
import { contracts } from '../contracts.js';
import { loadModules } from '../lib/load-modules.js';
import { writeMap } from '../map.js';
import { drawSagas } from '../saga-diagrams.js';
import type { Changes } from './changes.js';

/**
 * Brings up to date what follows from the code: all of it in this process, for a process of its own takes longer to
 * start than all the rest.
 *
 * @throws Error with all that was said, when the code does not compile or cannot be described
 */
export async function refresh(root: string, changes: Changes): Promise<void> {
  if (changes.paths.includes('src/modules.ts')) writeGenerated(root, readManifests(readTree(root)).declared);
  await compile();
  forgetModules();
  const modules = await loadModules();
  const saga = changes.paths.some((path) => path.endsWith('.saga.ts'));
  if (saga || changes.paths.some((path) => path.includes('/contracts/'))) await updateSnapshots(root, modules);
  if (saga) await drawSagas(root, modules);
  await writeMap(root, modules);
  noteBuilt(root);
}

/** Lets the next generator begin at once: see `launch.cjs`. What was written after the compilation is not compiled. */
function noteBuilt(root: string): void {
  writeFileSync(join(root, 'dist/.built'), '');
}

async function compile(): Promise<void> {
  const tsc = ['node_modules/@typescript/native/bin/tsc', '-p', 'tsconfig.build.json'];
  const child = spawn(process.execPath, tsc, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const code = await new Promise((ended, failed) => child.on('error', failed).on('close', ended));
  if (code !== 0) throw new Error(`${said}\nNothing was changed: it does not compile.`);
}

/** What is imported from `modules/` from now on is read anew; everything else stays as it is. */
function forgetModules(): void {
  const hooks = `export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    const anew = /\\/dist\\/(?:modules\\/.*|src\\/modules)\\.js$/.test(found.url);
    return anew ? { ...found, url: found.url + '?anew' } : found;
  }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}

async function updateSnapshots(root: string, modules: readonly Type[]): Promise<void> {
  const contexts = modules.map((module) => contextOptions(module)!);
  const { text, ok } = await contracts(['update'], root, () => Promise.resolve(contexts));
  if (!ok) throw new Error(`${text}\nNothing was changed: its contracts cannot be recorded.`);
}
