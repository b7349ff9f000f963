import { timingSafeEqual, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contextOptions, livesHere } from './platform/bounded-context.js';
import { unauthenticated } from './platform/http/auth/auth.js';
import { Identity } from './platform/http/auth/identity.js';
import { OPERATORS } from './platform/http/auth/roles.js';
import { Forbidden } from './platform/messaging/errors.js';
import type { Snapshot } from './tools/contracts/describe.js';

/** What a process tells of the contracts that it was built with. */
export interface ServedContracts {
  readonly modules: Readonly<
    Record<
      string,
      {
        /** Whether its code is in the repository that this process was built of. */
        readonly lives: 'here' | 'elsewhere';
        readonly messages: Snapshot;
        /** The fields that it needs of messages of others; absent: all, of all that it uses. */
        readonly consumes?: Readonly<Record<string, readonly string[]>>;
        /** The modules that it depends on; absent: any. */
        readonly dependsOn?: readonly string[];
      }
    >
  >;
}

/**
 * Serves them at `/_ops/contracts`, to operators and to whoever has `CONTRACTS_TOKEN`: schemas, and no values.
 *
 * @param token absent: operators only
 */
export function serveContracts(app: NestFastifyApplication, modules: readonly Type[], token: string | undefined): void {
  const identity = app.get(Identity);
  let served: Promise<ServedContracts> | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/_ops/contracts', async (request) => {
      if (!isSame(request.headers.authorization, token)) {
        const actor = await identity.of(request);
        if (!actor) throw unauthenticated('unauthenticated', 'A bearer token is needed.');
        if (!(OPERATORS as readonly string[]).includes(actor.role))
          throw new Forbidden('forbidden', 'Your role does not allow this.');
      }
      return await (served ??= describe(modules));
    });
}

/** In a time that does not depend on how much of it is right. */
function isSame(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined || authorization === undefined) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization), digest(`Bearer ${token}`));
}

async function describe(modules: readonly Type[]): Promise<ServedContracts> {
  const { snapshotOf } = await import('./tools/contracts/describe.js');
  const entries = modules.map(async (module) => {
    const context = contextOptions(module)!;
    const lives = livesHere(module) ? ('here' as const) : ('elsewhere' as const);
    return [context.name, { lives, messages: snapshotOf(context), ...(await needsOf(context.name)) }] as const;
  });
  return { modules: Object.fromEntries(await Promise.all(entries)) };
}

/** By its manifest; an image may have none. */
async function needsOf(module: string): Promise<Pick<ServedContracts['modules'][string], 'consumes' | 'dependsOn'>> {
  const text = await readFile(join('modules', module, 'module.json'), 'utf8').catch(() => '{}');
  const { consumes, dependsOn } = JSON.parse(text) as { consumes?: Record<string, string[]>; dependsOn?: object };
  return { ...(consumes && { consumes }), ...(dependsOn && { dependsOn: Object.keys(dependsOn) }) };
}
