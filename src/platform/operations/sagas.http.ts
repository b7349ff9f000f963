import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { AllowRoles, Undocumented } from '../http/decorators.js';
import { OPERATORS } from '../http/auth/roles.js';
import { Reasoned, whyByToken } from './actions.js';
import { Sagas } from './sagas.js';

const ListQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(200) });

/** Neither control characters nor halves of characters: PostgreSQL could not look for them. */
const InstanceId = z.string().regex(/^[^\p{Cc}\p{Cs}]{1,600}$/u, 'expected the id of a saga');

/** `npm run sagas` for staff. The same facts, as JSON. */
@Controller('_ops/sagas')
@AllowRoles(...OPERATORS)
@Undocumented()
export class SagasHttp {
  constructor(private readonly sagas: Sagas) {}

  @Get()
  async list(@Query({ schema: ListQuery }) { limit }: z.output<typeof ListQuery>) {
    return { items: await this.sagas.list(limit) };
  }

  @Get(':id')
  async show(@Param('id', { schema: InstanceId }) id: string) {
    return { items: await this.sagas.show(id) };
  }

  @Post('retry-timeout')
  @HttpCode(200)
  async retryAllTimeouts(@Body({ schema: Reasoned }) { reason }: z.output<typeof Reasoned>) {
    return { retried: await this.sagas.retryAllTimeouts(whyByToken(reason)) };
  }

  @Post(':id/retry-timeout')
  @HttpCode(200)
  async retryTimeout(@Param('id') id: string, @Body({ schema: Reasoned }) { reason }: z.output<typeof Reasoned>) {
    return { retried: await this.sagas.retryTimeout(id, whyByToken(reason)) };
  }
}
