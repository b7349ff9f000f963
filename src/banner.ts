import type { Type } from '@nestjs/common';
import type { Config } from './config.js';
import { contextOptions } from './platform/bounded-context.js';

/** What a person who has just started the application sees: where it is, and something to try. */
export function banner(url: string, config: Config, modules: readonly Type[]): string {
  const dataDir = config.dataDir === '.data' ? '' : `DATA_DIR=${config.dataDir} `;
  const token = (sub: string, role: string) => `$(${dataDir}npm run -s token -- --sub ${sub} --role ${role})`;
  const tries = modules.map((module) => contextOptions(module)!.tryIt).filter((tryIt) => tryIt !== undefined);
  return [
    '',
    `  Application   ${url}`,
    `  API           ${url}/docs   ${url}/openapi.json   ${url}/asyncapi.json`,
    `  Health        ${url}/health/ready`,
    `  Inside        ${url}/_dev   ${url}/_dev/traces   ${url}/metrics`,
    '',
    ...(modules.length === 0 ? FIRST_MODULE : tries.flatMap((tryIt) => tryIt(url, token))).map((line) => `  ${line}`),
    '',
    '',
  ].join('\n');
}

const FIRST_MODULE = ['There are no modules yet. Make the first one:', '', 'npm run new:module -- billing'];
