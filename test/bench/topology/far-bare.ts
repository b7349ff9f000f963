import { fastify } from 'fastify';
import type { PAYLOAD } from './payload.js';

/** A bare route of a bare Fastify. */
const app = fastify();
app.post<{ Body: typeof PAYLOAD }>('/ask', async ({ body }) => ({ left: 10 - body.quantity }));
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
