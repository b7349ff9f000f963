import type { Type } from '@nestjs/common';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, EventsHandler, QueryBus, QueryHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Conflict,
  Database,
  defineCommand,
  defineEvent,
  defineQuery,
  NotFound,
  Outbox,
  Subscription,
} from '../../src/platform/index.js';
import type { PactStates } from '../../src/platform/testing/index.js';

/** One way in which a till is another one than its consumer knows. */
export type Break = 'field removed' | 'type narrowed' | 'error renamed' | 'event not published' | 'state machine';

const Id = z.object({ billId: z.uuid() });

/** The messages of a till, as they are or with a break in them. */
export function contractsOf(wrong?: Break) {
  const bill = { billId: z.uuid(), note: z.string(), status: z.enum(['open', 'paid']) };
  const amount: z.ZodType = wrong === 'type narrowed' ? z.string() : z.int();
  const result = z.object({ ...bill, ...(wrong !== 'field removed' && { amount }) });
  const missing = wrong === 'error renamed' ? 'no_bill' : 'bill_not_found';
  class FindBill extends defineQuery('till.find-bill.v1', { payload: Id, result, errors: { [missing]: Id } }) {}
  class PayBill extends defineCommand('till.pay-bill.v1', {
    payload: Id,
    result: z.object({ receipt: z.string() }),
    errors: { paid_before: z.object({}) },
  }) {}
  class BillPaid extends defineEvent('till.bill-paid.v1', {
    key: 'billId',
    payload: Id.extend({ status: bill.status, by: z.string() }),
  }) {}
  return { FindBill, PayBill, BillPaid, missing };
}

class Bills1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner) {
    await runner.query('CREATE TABLE bill (bill_id uuid PRIMARY KEY, status text NOT NULL)');
  }

  async down(runner: QueryRunner) {
    await runner.query('DROP TABLE bill');
  }
}

/** A provider on a real table; with a break, it keeps its own contracts all the same. */
export function tillOf(wrong?: Break): Type {
  const { FindBill, PayBill, BillPaid, missing } = contractsOf(wrong);

  @QueryHandler(FindBill)
  class FindBillHandler {
    constructor(private readonly database: Database) {}

    async execute({ billId }: { billId: string }) {
      const [bill] = await this.database.sql('SELECT status FROM bill WHERE bill_id = $1', [billId]);
      if (!bill) throw new NotFound(missing, 'There is no such bill.', { billId });
      const amount = wrong === 'type narrowed' ? '7' : 7;
      return { billId, note: 'A bill', ...bill, ...(wrong !== 'field removed' && { amount }) };
    }
  }

  @CommandHandler(PayBill)
  class PayBillHandler {
    constructor(
      private readonly database: Database,
      private readonly events: EventBus,
    ) {}

    async execute({ billId }: { billId: string }) {
      // What was paid may be paid again from now on: no contract shows it.
      const from = wrong === 'state machine' ? '' : `AND status = 'open'`;
      const text = `UPDATE bill SET status = 'paid' WHERE bill_id = $1 ${from} RETURNING bill_id`;
      if ((await this.database.sql(text, [billId])).length === 0) throw new Conflict('paid_before', 'It was paid.', {});
      if (wrong !== 'event not published') this.events.publish(new BillPaid({ billId, status: 'paid', by: 'card' }));
      return { receipt: 'r-1' };
    }
  }

  const contracts = { FindBill, PayBill, BillPaid };
  const providers = [FindBillHandler, PayBillHandler];
  @BoundedContext({ name: 'till', contracts, providers, migrations: [Bills1790000000000] })
  class TillModule {}
  return TillModule;
}

/** How a till comes into the states that its consumer names. */
export function statesOf(wrong?: Break): PactStates {
  const { PayBill } = contractsOf(wrong);
  type Told = { payload?: { billId: string }; result?: { billId?: string; status?: string } };
  const bill: PactStates[string] = (scene, given) => {
    const { payload, result } = given as Told;
    const row = [(payload ?? result)!.billId, result?.status ?? 'open'];
    return scene.sql('INSERT INTO bill VALUES ($1, $2)', row);
  };
  return {
    'till.find-bill.v1 answers': bill,
    'till.find-bill.v1 refuses: bill_not_found': () => undefined,
    'till.pay-bill.v1 answers': bill,
    'till.pay-bill.v1 refuses: paid_before': (scene, { payload }) =>
      scene.sql(`INSERT INTO bill VALUES ($1, 'paid')`, [(payload as unknown as { billId: string }).billId]),
    'till.bill-paid.v1 is published': async (scene, given) => {
      const { billId } = given.result as unknown as { billId: string };
      await scene.sql(`INSERT INTO bill VALUES ($1, 'open')`, [billId]);
      const Pay = scene.runtime.registry.classOf(PayBill.definition.name)!;
      await scene.execute(new Pay({ billId } as never) as InstanceType<typeof PayBill>);
    },
  };
}

const { FindBill, PayBill, BillPaid } = contractsOf();
export const till = { FindBill, PayBill, BillPaid };

export class Settle extends defineCommand('desk.settle.v1', {
  payload: Id,
  errors: { no_such_bill: z.object({}) },
}) {}
export class Settled extends defineEvent('desk.settled.v1', { key: 'billId', payload: Id }) {}

@CommandHandler(Settle)
class SettleHandler implements ICommandHandler<Settle> {
  constructor(
    private readonly queries: QueryBus,
    private readonly outbox: Outbox,
  ) {}

  async execute({ billId }: Settle) {
    const bill = (await this.queries.execute(new FindBill({ billId })).catch(() => undefined)) as object | undefined;
    if (!bill) throw new NotFound('no_such_bill', 'There is no such bill.', {});
    this.outbox.send(new PayBill({ billId }));
  }
}

@EventsHandler(BillPaid)
@Subscription({ name: 'paid' })
class WhenBillPaid implements IEventHandler {
  constructor(private readonly events: EventBus) {}

  async handle({ billId }: { billId: string }) {
    this.events.publish(new Settled({ billId }));
  }
}

/** What it needs of a till, as its manifest would say. */
export const NEEDED: Record<string, readonly string[]> = {
  'till.find-bill.v1': ['result.amount', 'result.status', 'errors'],
  'till.pay-bill.v1': ['errors'],
  'till.bill-paid.v1': ['billId', 'status'],
};

/** The consumer of a till. */
@BoundedContext({ name: 'desk', contracts: { Settle, Settled }, providers: [SettleHandler, WhenBillPaid] })
export class DeskModule {}
