import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesOf, pascal } from './synthetic-module.js';

export interface TreeShape {
  /** Folder names; each asks the one before it, and hears the events of its neighbours on both sides. */
  modules: readonly string[];
  /** Source files in each module, at least ten. */
  filesPerModule: number;
}

/** Where the packages come from: the tree links to this project's. */
const PACKAGES = join(process.cwd(), 'node_modules');

/** Writes a clean tree of the project's layout, with as many modules as wanted. */
export function writeSyntheticTree(root: string, { modules, filesPerModule }: TreeShape): void {
  for (const [path, text] of shell(modules)) write(root, path, text);
  modules.forEach((name, index) => {
    const before = modules.slice(Math.max(0, index - 1), index);
    const after = modules.slice(index + 1, index + 2);
    const module = { name, asks: before, hears: after, consumers: [...before, ...after], files: filesPerModule };
    for (const [path, text] of filesOf(module)) write(root, `modules/${name}/${path}`, text);
  });
  write(root, 'CODEOWNERS', codeowners(modules));
  symlinkSync(PACKAGES, join(root, 'node_modules'));
}

export function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function shell(modules: readonly string[]): Map<string, string> {
  const imports = modules.map(
    (name) => `import { ${pascal(name)}Module } from '../modules/${name}/${name}.module.js';`,
  );
  return new Map([
    [
      'package.json',
      json({
        name: 'shop',
        type: 'module',
        dependencies: DEPENDENCIES,
        devDependencies: { '@jest/globals': '*', jest: '*' },
      }),
    ],
    [
      'tsconfig.json',
      json({
        compilerOptions: { module: 'nodenext', target: 'es2023', strict: true },
        include: ['src', 'modules', 'test'],
      }),
    ],
    [
      'src/modules.ts',
      `${imports.join('\n')}\n\nexport const modules = [${modules.map((name) => `${pascal(name)}Module`).join(', ')}];\n`,
    ],
    [
      'src/main.ts',
      `import { modules } from './modules.js';\nimport { start } from './platform/start.js';\n\nawait start(modules);\n`,
    ],
    [
      'src/platform/start.ts',
      `export async function start(modules: readonly object[]) {\n  console.log(modules.length);\n}\n`,
    ],
    ['src/platform/index.ts', PLATFORM],
    [
      'src/platform/database.ts',
      `export class Database {\n  async sql<T>(text: string, values: unknown[]): Promise<T[]> {\n    return [text, values] as T[];\n  }\n}\n`,
    ],
    [
      'src/platform/http/index.ts',
      `export const Answers = (status: number, schema: object): MethodDecorator => () => void [status, schema];\n`,
    ],
    ['src/platform/messaging/define.ts', DEFINE],
    ['src/platform/testing/index.ts', `export async function eventually<T>(look: () => T) {\n  return look();\n}\n`],
    [
      'test/acceptance/shop.spec.ts',
      `import { it } from '@jest/globals';\nimport { eventually } from '../../src/platform/testing/index.js';\n\nit('is open', () => eventually(() => true));\n`,
    ],
  ]);
}

const DEPENDENCIES = {
  '@nats-io/transport-node': '*',
  '@nestjs/common': '*',
  '@nestjs/core': '*',
  '@nestjs/cqrs': '*',
  '@opentelemetry/api': '*',
  'reflect-metadata': '*',
  typeorm: '*',
  undici: '*',
  zod: '*',
};

const PLATFORM = `export { Database } from './database.js';
export { defineCommand, defineEvent, defineQuery } from './messaging/define.js';
export const BoundedContext = (options: object): ClassDecorator => () => void options;
export const Subscription = (options: object): ClassDecorator => () => void options;
export class NotFound extends Error {}
`;

const DEFINE = `import { Command, Query } from '@nestjs/cqrs';
import { z } from 'zod';

export const defineCommand = (name: string, spec: { payload: z.ZodObject }) => class extends Command<object> { static readonly spec = { name, spec }; };
export const defineQuery = (name: string, spec: { payload: z.ZodObject }) => class extends Query<object> { static readonly spec = { name, spec }; };
export const defineEvent = (name: string, spec: { payload: z.ZodObject }) => class { static readonly spec = { name, spec }; };
`;

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function codeowners(modules: readonly string[]): string {
  const owners = [...modules].sort().map((name) => `/modules/${name}/ @shop/${name}\n`);
  return `# Modules, from the owners in their module.json: npm run boundaries -- --write\n${owners.join('')}`;
}
