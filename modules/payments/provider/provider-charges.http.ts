import { Controller, Get, NotFoundException, Query } from '@nestjs/common';
import { z } from 'zod';
import { Answers, Public } from '../../../src/platform/http/index.js';
import { PaymentsConfig } from '../payments.config.js';
import { ProviderLedger } from './provider-ledger.js';

const Filter = z.strictObject({ orderId: z.uuid('expected a UUID').optional() });

const Charge = z.object({
  key: z.string(),
  orderId: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.enum(['approved', 'declined', 'pending', 'refunded']),
  createdAt: z.iso.datetime(),
  refundedAmount: z.int(),
});

/** What the simulated provider has really charged, for tests and the curious. Not there in production. */
@Controller('_dev/provider/charges')
export class ProviderChargesHttp {
  constructor(
    private readonly ledger: ProviderLedger,
    private readonly config: PaymentsConfig,
  ) {}

  @Get()
  @Public()
  @Answers(200, z.array(Charge))
  async list(@Query({ schema: Filter }) { orderId }: z.output<typeof Filter>) {
    if (this.config.NODE_ENV === 'production') throw new NotFoundException();
    return await this.ledger.charges(orderId);
  }
}
