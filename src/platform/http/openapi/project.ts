import { readFileSync } from 'node:fs';
import { PLATFORM } from './routes.js';

interface Manifest {
  name?: string;
  version?: string;
  description?: string;
  license?: string;
  summary?: string;
}

/** Name, version and licence of the project, as its package.json says. */
export function projectInfo() {
  const { name = 'API', version = '1', description = '', license } = manifest('package.json');
  return { title: name, version, description, ...(license && { license: licence(license) }) };
}

/** One tag for each module that has routes, with what its manifest says of it. */
export function tags(modules: Iterable<string>): { name: string; description: string }[] {
  return [...new Set(modules)].sort().map((name) => ({ name, description: summaryOf(name) }));
}

/** npm allows more than SPDX expressions. */
function licence(text: string): { name: string; identifier?: string } {
  return { name: text, ...(!/^(UNLICENSED$|SEE LICEN[CS]E)/.test(text) && { identifier: text }) };
}

function summaryOf(module: string): string {
  if (module === PLATFORM) return 'The process itself.';
  return manifest(`modules/${module}/module.json`).summary ?? `Routes of the module ${module}.`;
}

/** In the folder in which the application runs; nothing when it is not there. */
function manifest(file: string): Manifest {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch {
    return {};
  }
}
