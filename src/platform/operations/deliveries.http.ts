import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { AllowRoles, Undocumented } from '../http/decorators.js';
import { OPERATORS } from '../http/auth/roles.js';
import { Deliveries } from './deliveries.js';

const ListQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(200) });
const Discarding = z.strictObject({ reason: z.string().min(1).max(500) });

/** `npm run deliveries` for staff. The same facts, as JSON. */
@Controller('_ops/deliveries')
@AllowRoles(...OPERATORS)
@Undocumented()
export class DeliveriesHttp {
  constructor(private readonly deliveries: Deliveries) {}

  @Get()
  async list(@Query({ schema: ListQuery }) { limit }: z.output<typeof ListQuery>) {
    return await this.deliveries.list(limit);
  }

  @Get('lag')
  async lag() {
    const [items, rewound] = await Promise.all([this.deliveries.lag(), this.deliveries.rewound()]);
    return { items, rewound };
  }

  @Get(':id')
  async show(@Param('id') id: string) {
    return await this.deliveries.show(id);
  }

  @Post('retry')
  @HttpCode(200)
  async retryAll() {
    return { retried: await this.deliveries.retryAll() };
  }

  @Post(':id/retry')
  @HttpCode(204)
  async retry(@Param('id') id: string) {
    await this.deliveries.retry(id);
  }

  @Post(':id/discard')
  @HttpCode(204)
  async discard(@Param('id') id: string, @Body({ schema: Discarding }) { reason }: z.output<typeof Discarding>) {
    await this.deliveries.discard(id, reason);
  }
}
