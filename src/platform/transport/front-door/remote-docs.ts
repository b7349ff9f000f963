import type { FastifyInstance } from 'fastify';
import type { OpenApi } from './merged-docs.js';
import { merged } from './merged-docs.js';
import type { SeamClient } from '../seam/seam-client.js';
import { FORWARDED, PATHS } from '../seam/wire.js';

const DOCUMENT = '/openapi.json';
const DOCS_TIMEOUT_MS = 3000;

/** Adds what a module in another process says of its routes to the document of this one; nothing while it is away. */
export function documentRemote(fastify: FastifyInstance, module: string, client: SeamClient): void {
  fastify.addHook('onSend', async (request, reply, payload) => {
    // Who asks behind a seam wants to know what runs there, and would otherwise be asked in return.
    const wanted = request.routeOptions.url === DOCUMENT && request.headers[FORWARDED] === undefined;
    if (!wanted || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
    const remote = await documentOf(client).catch(() => undefined);
    return remote ? JSON.stringify(merged(JSON.parse(payload) as OpenApi, remote, module)) : payload;
  });
}

async function documentOf(client: SeamClient): Promise<OpenApi | undefined> {
  const { status, body } = await client.request('GET', `${PATHS.http}${DOCUMENT}`, '', DOCS_TIMEOUT_MS);
  return status === 200 ? (JSON.parse(body.toString()) as OpenApi) : undefined;
}
