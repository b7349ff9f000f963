import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessGuard } from './auth/access.js';
import { createVerifier } from './auth/auth.js';
import { parseBodies } from './request/body-parsers.js';
import { Closing } from './closing.js';
import { serveDocs } from './openapi/docs-page.js';
import { HealthController } from './health.js';
import { HttpOptions } from './http-options.js';
import { Identity } from './auth/identity.js';
import { ProblemFilter } from './problems/problem-filter.js';
import { RateLimit } from './rate-limit.js';
import { addRequestHooks } from './request/request-hooks.js';
import { RequestScope } from './request/request-scope.js';
import { RouteTable } from './route-table.js';
import { Validation } from './request/validation.js';

/**
 * What every route goes through: access, scope, validation, problems; and the health of the process.
 * Needs a `HealthSource` from a global module, and {@link configureHttp} for the application.
 */
@Module({})
export class HttpModule {
  /** @throws Error in production without an issuer */
  static forRoot(options: HttpOptions): DynamicModule {
    return {
      module: HttpModule,
      controllers: [HealthController],
      providers: [
        { provide: HttpOptions, useValue: options },
        { provide: Identity, useValue: new Identity(createVerifier(signer(options), options.log)) },
        Closing,
        RouteTable,
        RateLimit,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_INTERCEPTOR, useClass: RequestScope },
        { provide: APP_PIPE, useClass: Validation },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}

/**
 * Sets up what lies outside of Nest's modules. Call it between `NestFactory.create` and `listen` or `init`; the adapter
 * is made with `fastifyOptions()`.
 */
export function configureHttp(app: NestFastifyApplication): void {
  const { production } = app.get(HttpOptions);
  app.useSecurityHeaders(production ? {} : { strictTransportSecurity: false, contentSecurityPolicy: WITHOUT_HTTPS });
  parseBodies(app);
  addRequestHooks(app);
  if (!production) serveDocs(app);
}

/** In development there is no HTTPS to go to. */
const WITHOUT_HTTPS = { directives: { upgradeInsecureRequests: false } };

function signer({ production, auth, dataDir }: HttpOptions) {
  if (auth) return auth;
  if (production) throw new Error('In production AUTH_ISSUER, AUTH_AUDIENCE and AUTH_JWKS_URL have to be set.');
  return { dataDir };
}
