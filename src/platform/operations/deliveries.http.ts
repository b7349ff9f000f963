import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { AllowRoles, Undocumented } from '../http/decorators.js';
import { OPERATORS } from '../http/auth/roles.js';
import { Reason, Reasoned, whyByToken } from './actions.js';
import { Deliveries } from './deliveries.js';

const ListQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(200) });
const Name = z.string().min(1).max(300);
const Selected = z.strictObject({
  reason: Reason,
  cause: Name.optional(),
  consumer: Name.optional(),
  type: Name.optional(),
});
/** To remove everything without a look at it is nobody's intention. */
const Discarding = Selected.refine(
  ({ cause, consumer, type }) => cause ?? consumer ?? type,
  'expected a cause, a consumer or a type: which dead letters to discard',
);

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

  @Get('causes')
  async causes() {
    return { items: await this.deliveries.causes() };
  }

  @Get(':id')
  async show(@Param('id') id: string) {
    return await this.deliveries.show(id);
  }

  @Post('retry')
  @HttpCode(200)
  async retryAll(@Body({ schema: Selected }) { reason, ...selection }: z.output<typeof Selected>) {
    return { retried: await this.deliveries.retryAll(selection, whyByToken(reason)) };
  }

  @Post('discard')
  @HttpCode(200)
  async discardAll(@Body({ schema: Discarding }) { reason, ...selection }: z.output<typeof Discarding>) {
    return { discarded: await this.deliveries.discardAll(selection, whyByToken(reason)) };
  }

  @Post(':id/retry')
  @HttpCode(204)
  async retry(@Param('id') id: string, @Body({ schema: Reasoned }) { reason }: z.output<typeof Reasoned>) {
    await this.deliveries.retry(id, whyByToken(reason));
  }

  @Post(':id/discard')
  @HttpCode(204)
  async discard(@Param('id') id: string, @Body({ schema: Reasoned }) { reason }: z.output<typeof Reasoned>) {
    await this.deliveries.discard(id, whyByToken(reason));
  }
}
