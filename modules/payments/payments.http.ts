import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { AllowRoles, Answers } from '../../src/platform/http/index.js';
import { ListPayments, PaymentView } from './list-payments.js';

export const PaymentsQuery = z.strictObject({ orderId: z.uuid('expected a UUID') });

@Controller('v1/payments')
@AllowRoles('staff')
export class PaymentsHttp {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @Answers(200, z.array(PaymentView))
  async listPayments(@Query({ schema: PaymentsQuery }) { orderId }: z.output<typeof PaymentsQuery>) {
    return await this.queries.execute(new ListPayments({ orderId }));
  }
}
