import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { projectInfo } from '../../http/openapi/project.js';
import type { Runtime } from '../../runtime/runtime.js';
import { asyncApiOf } from './asyncapi.js';

/** Serves the AsyncAPI document of this process at `/asyncapi.json`: what its modules publish, send and receive. */
export function serveAsyncApi(app: NestFastifyApplication, runtime: Runtime): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/asyncapi.json', () => {
    const { title, version } = projectInfo();
    const senders = runtime.sagas.map(({ module, runner }) => ({ module, commands: runner.saga.commands }));
    return asyncApiOf({ info: { title, version }, modules: runtime.contexts, receivers: runtime.consumers, senders });
  });
}
