import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Runtime } from './platform/runtime/runtime.js';

/**
 * Serves the AsyncAPI document of this process at `/asyncapi.json`: what its modules publish, send and receive. What makes
 * it is loaded when somebody asks for it.
 */
export function serveMessages(app: NestFastifyApplication, runtime: Runtime): void {
  let served: Promise<object> | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/asyncapi.json', () => (served ??= describe(runtime)));
}

async function describe({ contexts: modules, consumers: receivers, sagas }: Runtime): Promise<object> {
  const { asyncApiOf } = await import('./platform/transport/asyncapi/asyncapi.js');
  const { projectInfo } = await import('./platform/http/openapi/project.js');
  const { title, version } = projectInfo();
  const senders = sagas.map(({ module, runner }) => ({ module, commands: runner.saga.commands }));
  return asyncApiOf({ info: { title, version }, modules, receivers, senders });
}
