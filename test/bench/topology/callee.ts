import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { BoundedContext, defineQuery } from '../../../src/platform/index.js';

export const SECRET = 'PkA3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nS';

export class Ask extends defineQuery('callee.ask.v1', {
  payload: z.object({ sku: z.string(), quantity: z.int(), note: z.string() }),
  result: z.object({ left: z.int() }),
}) {}

@QueryHandler(Ask)
class AskHandler implements IQueryHandler<Ask> {
  async execute({ quantity }: Ask) {
    return { left: 10 - quantity };
  }
}

@BoundedContext({ name: 'callee', contracts: { Ask }, providers: [AskHandler], migrations: [] })
export class Callee {}
